"""Friction factors and valve coefficients against published values and the `fluids` library."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from physics.hydraulics import fittings, friction, valves

fluids = pytest.importorskip("fluids")

LAWS = {
    "Colebrook": (friction.colebrook, fluids.friction.Colebrook),
    "Haaland": (friction.haaland, fluids.friction.Haaland),
    "Swamee-Jain": (friction.swamee_jain, fluids.friction.Swamee_Jain_1976),
    "Churchill": (friction.churchill, fluids.friction.Churchill_1977),
    "Moody": (friction.moody, fluids.friction.Moody),
}


def test_reference_point(accuracy: Callable[..., None]) -> None:
    """Re 1e5, eps/d 1e-4, to the digits the reference states."""
    source = "reference values of the fluids library, Re 1e5, eps/d 1e-4"
    for name, law, value in (
        ("Moody", friction.moody, 0.01809186),
        ("Churchill", friction.churchill, 0.01846262),
        ("Haaland", friction.haaland, 0.01826505),
        ("Swamee-Jain", friction.swamee_jain, 0.01845242),
    ):
        accuracy(f"friction factor, {name}", law(1e5, 1e-4), value, 0.5e-8, "-", source)


@pytest.mark.parametrize("name", list(LAWS))
@pytest.mark.parametrize("reynolds", [4e3, 2.5e4, 1e6, 1e8])
@pytest.mark.parametrize("roughness", [0.0, 1e-5, 1e-3, 0.05])
def test_against_fluids(
    name: str, reynolds: float, roughness: float, accuracy: Callable[..., None]
) -> None:
    ours, theirs = LAWS[name]
    accuracy(
        f"friction factor, {name}, Re {reynolds:g}, eps/d {roughness:g}",
        ours(reynolds, roughness),
        theirs(reynolds, roughness),
        1e-10,
        "-",
        "fluids",
        relative=True,
    )


def test_pipe_drop_against_fluids(accuracy: Callable[..., None]) -> None:
    length, bore, rough, density, viscosity = 40.0, 0.05, 1e-5, 1012.0, 1.1e-3
    for flow in (0.05, 3.0, -8.0):
        velocity = abs(flow) / density / (3.141592653589793 * bore**2 / 4.0)
        theirs = fluids.one_phase_dP(
            abs(flow), density, viscosity, bore, roughness=rough, L=length, Method="Clamond"
        )
        ours = friction.pipe_drop(flow, length, bore, rough, 0.0, density, viscosity)
        assert ours * flow > 0.0
        accuracy(
            f"pipe drop at {velocity:.3g} m/s",
            abs(ours),
            theirs,
            1e-9,
            "Pa",
            "fluids.one_phase_dP",
            relative=True,
        )


def test_losses_and_valve_coefficients(accuracy: Callable[..., None]) -> None:
    source = "fluids"
    accuracy(
        "Cv of Kv 25", valves.cv_from_kv(25.0), fluids.Kv_to_Cv(25.0), 1e-6, "gpm", source, True
    )
    accuracy(
        "Kv of Cv 25", valves.kv_from_cv(25.0), fluids.Cv_to_Kv(25.0), 1e-6, "m3/h", source, True
    )
    # a valve as a loss coefficient: fluids takes 1.6e9 where pi^2 1.62e8 m^-2 h^2/s^2 is exact
    bore = 0.05
    k = valves.kv_resistance(25.0, 1000.0)
    loss = fluids.Kv_to_K(25.0, bore)
    as_loss = fittings.minor_loss_resistance(loss, bore, 1000.0)
    accuracy("valve resistance from Kv", k, as_loss, 2e-3, "Pa/(kg/s)2", source, True)
    accuracy(
        "sudden widening",
        fittings.sudden_expansion_loss(0.25),
        # fluids refers to the smaller pipe as well
        fluids.diffuser_sharp(Di1=0.05, Di2=0.1),
        1e-12,
        "-",
        source,
        True,
    )
