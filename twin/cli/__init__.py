"""The command line: ``twin``."""
