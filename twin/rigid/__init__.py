"""Rigid bodies: space to work in, weight on the floor, earthquakes, robots.

Clearances and floor loads are exact geometry; earthquakes and robots step rigid bodies through
:class:`twin.rigid.backend.RigidBackend` and need the extra ``robots``.
"""
