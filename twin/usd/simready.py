"""NVIDIA's own validator over an asset, with the rules of the AI-factory tier."""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.extras import need
from twin.usd.asset_layers import PROFILE, PROFILE_VERSION
from twin.usd.pxr_modules import Usd


@functools.cache
def _validator() -> Any:
    """The validator with all installed tiers loaded."""
    need("simready", what="Checking an asset")
    import simready.validate as validator

    logging.getLogger("simready").setLevel(logging.ERROR)
    validator.initialize([], [], [])
    return validator


def validate_asset(file: Path) -> list[str]:
    """What the profile AIF-Entity 0.2.0 finds wrong with an asset, warnings included.

    Raises
    ------
    MissingExtra : the validator is not installed
    TwinError : it could not judge the file
    """
    validator = _validator()
    result = validator.validate_asset(
        validator.AssetValidationConfig(
            asset_path=str(file), profile_id=PROFILE, profile_version=PROFILE_VERSION
        )
    )
    if result is None or not result.features_summary:
        raise TwinError(f"{file}: the validator could not judge it")
    failing = [
        f"{name} fails {summary.get('failing requirements', '')}"
        for name, summary in sorted(result.features_summary.items())
        if not summary.get("passed")
    ]
    return failing + [str(issue.message) for issue in result.issues]


def unknown_figures(file: Path) -> list[str]:
    """Attributes of the profile that an asset declares without a value, sorted by name.

    Nobody has published the figure, or the catalogue does not have it; nothing is made up for it.
    """
    stage = Usd.Stage.Open(str(file), Usd.Stage.LoadNone)
    prim = stage.GetDefaultPrim()
    return sorted(
        attribute.GetName().removeprefix("aif:spec:").removeprefix("aif:core:")
        for attribute in prim.GetAttributes()
        if attribute.GetNamespace().startswith("aif") and not attribute.HasAuthoredValue()
    )
