"""The coupled step of a whole AI factory, from workload to sky."""
