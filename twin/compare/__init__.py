"""Comparing runs: key figures beside each other, and where and when they part."""
