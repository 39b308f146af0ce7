"""Electricity from the grid connection to the chip: steady, dynamic and under fault.

Every module is reached by its own name (``physics.electrical.conversion`` and so on). Powers in W,
voltages in V (line to line where three-phase), currents in A, energies in J, times in s.
"""
