"""Effectiveness-NTU relations against the `ht` library and its published examples."""

from __future__ import annotations

from collections.abc import Callable

import ht
import pytest

from physics.effectiveness_ntu import Arrangement, effectiveness_from_ntu, ntu_from_effectiveness
from physics.heat_exchanger import conductance_from_duty, exchange

SOURCE = f"ht {ht.__version__}"
# The library rounds nothing; 1e-12 covers two ways of writing one formula. Its exact crossflow is a
# quadrature with an error estimate of about 1e-8.
ALGEBRA, QUADRATURE = 1e-12, 1e-8
NAMES = {
    Arrangement.COUNTERFLOW: "counterflow",
    Arrangement.PARALLEL_FLOW: "parallel",
    Arrangement.CROSSFLOW_UNMIXED: "crossflow",
    Arrangement.CROSSFLOW_UNMIXED_APPROXIMATE: "crossflow approximate",
    Arrangement.CROSSFLOW_CMIN_MIXED: "crossflow, mixed Cmin",
    Arrangement.CROSSFLOW_CMAX_MIXED: "crossflow, mixed Cmax",
    Arrangement.SHELL_AND_TUBE: "S&T",
    Arrangement.PHASE_CHANGE: "boiler",
}


@pytest.mark.parametrize("arrangement", list(Arrangement))
@pytest.mark.parametrize("ratio", [0.05, 0.3, 0.7, 0.95, 1.0])
@pytest.mark.parametrize("ntu", [0.1, 0.8, 2.5, 6.0])
def test_effectiveness(
    accuracy: Callable[..., None], arrangement: Arrangement, ratio: float, ntu: float
) -> None:
    exact = arrangement is Arrangement.CROSSFLOW_UNMIXED
    accuracy(
        f"effectiveness, {NAMES[arrangement]}, NTU {ntu}, C {ratio}",
        effectiveness_from_ntu(ntu, ratio, arrangement),
        ht.effectiveness_from_NTU(NTU=ntu, Cr=ratio, subtype=NAMES[arrangement]),
        QUADRATURE if exact else ALGEBRA,
        "-",
        SOURCE,
    )


@pytest.mark.parametrize("shells", [2, 5, 50])
def test_shells_in_series(accuracy: Callable[..., None], shells: int) -> None:
    accuracy(
        f"effectiveness, {shells} shells in series, NTU 5, C 0.7",
        effectiveness_from_ntu(5.0, 0.7, Arrangement.SHELL_AND_TUBE, shells),
        ht.effectiveness_from_NTU(NTU=5.0, Cr=0.7, subtype="S&T", n_shell_tube=shells),
        ALGEBRA,
        "-",
        SOURCE,
    )


@pytest.mark.parametrize("arrangement", [a for a in Arrangement if a.value != 3])
@pytest.mark.parametrize(("effectiveness", "ratio"), [(0.2, 0.5), (0.45, 0.9), (0.55, 0.3)])
def test_ntu(
    accuracy: Callable[..., None], arrangement: Arrangement, effectiveness: float, ratio: float
) -> None:
    exact = arrangement is Arrangement.CROSSFLOW_UNMIXED
    accuracy(
        f"NTU, {NAMES[arrangement]}, effectiveness {effectiveness}, C {ratio}",
        ntu_from_effectiveness(effectiveness, ratio, arrangement),
        ht.NTU_from_effectiveness(effectiveness, Cr=ratio, subtype=NAMES[arrangement]),
        1e-7 if exact else 1e-11,
        "-",
        SOURCE,
        relative=True,
    )


@pytest.mark.parametrize(
    ("arrangement", "theirs"),
    [
        (Arrangement.CROSSFLOW_UNMIXED, 0.8444821799748551),
        (Arrangement.CROSSFLOW_CMIN_MIXED, 0.7497843941508544),
        (Arrangement.CROSSFLOW_CMAX_MIXED, 0.7158099831204696),
        (Arrangement.PHASE_CHANGE, 0.9932620530009145),
    ],
)
def test_published_values(
    accuracy: Callable[..., None], arrangement: Arrangement, theirs: float
) -> None:
    accuracy(
        f"effectiveness, {NAMES[arrangement]}, NTU 5, C 0.7",
        effectiveness_from_ntu(5.0, 0.7, arrangement),
        theirs,
        1e-14,
        "-",
        "ht's test suite",
    )


def test_published_rating(accuracy: Callable[..., None]) -> None:
    """Steam in crossflow, C_max mixed: 5.2 kg/s of 1860 J/kgK heat 1.45 kg/s of 1900 J/kgK."""
    hot, cold = 5.2 * 1860.0, 1.45 * 1900.0
    heat = cold * (85.0 - 15.0)
    ua = conductance_from_duty(heat, hot, cold, 130.0, 15.0, Arrangement.CROSSFLOW_CMAX_MIXED)
    source = "ht's documentation of effectiveness_NTU_method"
    back, leaving, _ = exchange(int(Arrangement.CROSSFLOW_CMAX_MIXED), ua, hot, cold, 130.0, 15.0)
    accuracy("heat of the rated duty", back, 192850.0, 1e-6, "W", source)
    accuracy("conductance of the rated duty", ua, 3041.751170834494, 1e-8, "W/K", source)
    accuracy("hot stream leaving", leaving, 110.06100082712986, 1e-10, "degC", source)
    accuracy("effectiveness", heat / (cold * 115.0), 0.6086956521739131, 1e-14, "-", source)
    accuracy("NTU", ua / cold, 1.1040839095588, 1e-11, "-", source)


def test_data_centre_example(accuracy: Callable[..., None]) -> None:
    """1.3 MW over 130 kW/K on both sides, 10 K rise and 4 K approach."""
    source = "worked example of a coolant distribution unit, three digits"
    ua = conductance_from_duty(1.3e6, 130e3, 130e3, 50.0, 36.0)
    accuracy("effectiveness of the unit", 1.3e6 / (130e3 * 14.0), 0.714, 5e-4, "-", source)
    accuracy("NTU of the unit", ua / 130e3, 2.5, 5e-2, "-", source)
    accuracy("conductance of the unit", ua, 325e3, 500.0, "W/K", source)
