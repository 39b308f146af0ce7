"""Reports of recordings: one self-contained HTML page."""
