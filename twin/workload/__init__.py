"""What a factory computes: profiles, measured series, synthetic training and inference, jobs."""
