"""The scene as OpenUSD: export of a plant, import of a stage, and SimReady assets of products.

Needs the extra ``usd``. Nothing here is imported by the simulation.
"""
