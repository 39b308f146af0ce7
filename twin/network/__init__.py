"""The scale-out network: switches and optics by topology, and what communication takes."""
