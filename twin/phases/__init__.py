"""Deployment over time: how many accelerators can be used when, and what holds the rest back."""
