"""The factory: layout, plant, simulation, recording, server, command line."""
