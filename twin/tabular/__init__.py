"""Tables people bring: reading files, missing marks, numbers with units, and stamps of time."""
