"""Physics regression: expectations in words, case folders, golden recordings, reports."""
