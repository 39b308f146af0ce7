"""Flow in pipes: friction, components, networks, cooling loops, pipes with heat loss and delay."""
