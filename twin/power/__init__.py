"""The electrical side of a factory beyond the coupled step: what happened and why, one-line
model, power flow, short circuits, redundancy, transients."""
