"""What if: comparisons, sweeps, optimisation, reports and deployment phases."""
