"""The OpenUSD library, or a sentence that says what to install.

Every module of this package takes ``Sdf``, ``Usd`` and the rest from here. The library's own
messages go to Python errors where it raises, and its warnings to standard error.
"""

from __future__ import annotations

from twin.errors import TwinError

try:
    from pxr import Gf, Kind, Sdf, Tf, Usd, UsdGeom, UsdShade, UsdUtils, Vt
except ImportError as error:  # pragma: no cover - depends on what is installed
    raise TwinError("OpenUSD is not installed: pip install 'ai-factory-twin[usd]'") from error

__all__ = ["Gf", "Kind", "Sdf", "Tf", "Usd", "UsdGeom", "UsdShade", "UsdUtils", "Vt"]
