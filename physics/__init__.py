"""How nature behaves: pure numerics of heat, flow, electricity and computation.

Arrays in, arrays out; no files, no clock, no network. SI units throughout, temperatures in degC.
"""
