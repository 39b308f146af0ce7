"""``twin check``: what in a layout cannot work or has no reserve, each with a way to mend it.

Loads are the design loads (all racks at rated power), limits are ratings or the steady solution of
the laws that the simulation uses, outdoors on the site's design day. What is too small as built is
an error, what is too small with one unit out of service a warning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from twin.check.air import AIR_CHECKS
from twin.check.cdu_loss import cdu_notes
from twin.check.clearance import CLEARANCE_CHECKS
from twin.check.compensation import COMPENSATION_CHECKS
from twin.check.cooling import COOLING_CHECKS
from twin.check.finding import Check, Finding, Subject
from twin.check.floor import FLOOR_CHECKS
from twin.check.network import NETWORK_CHECKS
from twin.check.outdoors import OUTDOOR_CHECKS
from twin.check.phases import PHASE_CHECKS
from twin.check.power import POWER_CHECKS
from twin.check.ways import WAY_CHECKS
from twin.plant.plant import Plant

__all__ = ["CHECKS", "Check", "Finding", "Subject", "check_plant", "notes"]

CHECKS: tuple[Check, ...] = (
    *POWER_CHECKS,
    *NETWORK_CHECKS,
    *COMPENSATION_CHECKS,
    *PHASE_CHECKS,
    *COOLING_CHECKS,
    *OUTDOOR_CHECKS,
    *AIR_CHECKS,
    *FLOOR_CHECKS,
    *CLEARANCE_CHECKS,
    *WAY_CHECKS,
)
"""All checks, in the order of their findings."""


def check_plant(plant: Plant) -> list[Finding]:
    """Run all checks; errors first, each sort in the order of the checks.

    What holds word for word at many elements is said once, with the number of the others.

    Raises
    ------
    InputError : a site's weather id is unknown
    """
    subject = Subject(plant)
    findings = gathered(finding for check in CHECKS for finding in check(subject))
    return sorted(findings, key=lambda finding: finding.severity != "error")


def notes(plant: Plant) -> list[Finding]:
    """What one may take for a reserve and what is none; no fault, so not among the findings."""
    return gathered(cdu_notes(Subject(plant)))


def gathered(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without repetition: the first of equal ones, saying how many follow and the last."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.check, finding.severity, finding.message, finding.fix)
        groups.setdefault(key, []).append(finding)
    return [
        group[0]
        if len(group) == 1
        else replace(
            group[0],
            message=f"{group[0].message} (and {len(group) - 1} more, to {group[-1].path})",
        )
        for group in groups.values()
    ]
