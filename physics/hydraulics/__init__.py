"""Flow in pipes: friction, components, networks, cooling loops, pipes with heat loss and delay.

===============  ==================================================================================
friction         Darcy factors and the pressure drop of pipes
fittings         local resistances, cold plates, filters, leaks
valves           flow coefficients and characteristics
pumps            curves, affinity laws, efficiency, power; ``pump_groups`` for pumps in parallel
builder          puts a ``network`` together; ``solver`` finds its steady state, ``batch`` many
ladder           hundreds of cooling loops (pumps, exchanger, racks along headers) in one call
pipes            steady heat loss, temperatures of a network whose flows are known
transport        plug flow in time: delay, wall capacity, heat loss, exact energy
===============  ==================================================================================
"""
