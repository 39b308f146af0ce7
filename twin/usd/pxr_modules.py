"""The OpenUSD library, or a sentence that says what to install.

Every module of this package takes ``Sdf``, ``Usd`` and the rest from here. The library's own
messages go to Python errors where it raises, and its warnings to standard error.
"""

from __future__ import annotations

from twin.extras import need

need("usd", "pxr", what="USD")

from pxr import Gf, Kind, Sdf, Tf, Usd, UsdGeom, UsdShade, UsdUtils, Vt  # noqa: E402

__all__ = ["Gf", "Kind", "Sdf", "Tf", "Usd", "UsdGeom", "UsdShade", "UsdUtils", "Vt"]
