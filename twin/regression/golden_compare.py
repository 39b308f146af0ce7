"""Comparison of a run with its golden recording, each channel within its resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from physics.factory.arrays import Floats
from twin.errors import near_matches
from twin.regression.golden import Golden, known_channel


@dataclass(frozen=True)
class Difference:
    """How far one channel lies from the golden recording.

    Attributes
    ----------
    channel, unit, tolerance : what is compared, and how far it may differ
    worst : largest absolute difference, in ``unit``
    path, time : where and when that is
    golden, now : the two values there
    first_path, first_time : where and when the tolerance is first exceeded; None if it is not
    share : share of all values beyond the tolerance
    """

    channel: str
    unit: str
    tolerance: float
    worst: float
    path: str
    time: float
    golden: float
    now: float
    first_path: str | None
    first_time: float | None
    share: float

    @property
    def ratio(self) -> float:
        """Worst difference in units of the tolerance."""
        return self.worst / self.tolerance

    @property
    def diverges(self) -> bool:
        """Whether the tolerance is exceeded."""
        return self.first_time is not None

    def sentence(self) -> str:
        """The difference for people."""
        return (
            f"{self.channel} differs by up to {self.worst:.4g} {self.unit} ({self.ratio:.1f} x "
            f"tolerance {self.tolerance:g}) at {self.path}, {self.time:.0f} s: golden "
            f"{self.golden:.6g}, now {self.now:.6g}"
        )


@dataclass(frozen=True)
class Comparison:
    """A run against its golden recording.

    Attributes
    ----------
    differences : of all channels in common, the worst first
    problems : why the two cannot be compared, or only in part
    """

    differences: tuple[Difference, ...] = ()
    problems: tuple[str, ...] = ()
    traces: Mapping[str, tuple[Floats, Floats, Floats]] = field(default_factory=dict, repr=False)

    @property
    def passed(self) -> bool:
        """Whether everything could be compared and lies within its tolerance."""
        return not self.problems and not any(d.diverges for d in self.differences)

    @property
    def first(self) -> Difference | None:
        """The channel that diverges first in time."""
        diverging = [d for d in self.differences if d.diverges]
        return min(diverging, key=lambda d: (d.first_time or 0.0, -d.ratio), default=None)

    def report(self) -> list[str]:
        """What went wrong, for people: problems, first divergence, worst channels."""
        lines = list(self.problems)
        first = self.first
        if first is not None:
            lines.append(
                f"first divergence: {first.channel} at {first.first_path}, {first.first_time:.0f} s"
            )
            diverging = [d for d in self.differences if d.diverges]
            lines += [
                f"worst: {d.sentence()}" if n == 0 else d.sentence()
                for n, d in enumerate(diverging[:5])
            ]
            if len(diverging) > 5:
                lines.append(f"and {len(diverging) - 5} more channels")
        return lines


def compare(golden: Golden, now: Golden, tolerances: Mapping[str, float]) -> Comparison:
    """Compare a run with its golden recording.

    Elements are matched by path and frames by time. A value may differ by its channel's resolution
    (or by ``tolerances``), and by half of the step in which the golden recording was rounded.
    """
    problems = list(_frame_problems(golden, now))
    if problems:
        return Comparison((), tuple(problems))
    differences: list[Difference] = []
    traces: dict[str, tuple[Floats, Floats, Floats]] = {}
    rows = {}
    for level, paths in golden.paths.items():
        matched = _matched(level, paths, now, problems)
        if matched is not None:
            rows[level] = matched
    for name, values in golden.values.items():
        channel = known_channel(name)
        level = name.partition(".")[0]
        if channel is None:
            problems.append(
                f"{name} of the golden recording is no channel any more "
                f"({near_matches(name, [*now.values])}); make it anew with "
                "--update-golden"
            )
            continue
        if name not in now.values or level not in rows:
            if level in now.paths or level not in golden.paths:
                problems.append(f"{name} was not taken in this run")
            continue
        if golden.units[name] != channel.unit:
            problems.append(
                f"{name} was in {golden.units[name] or '1'} and is now in "
                f"{channel.unit or '1'}; make it anew with --update-golden"
            )
            continue
        old_rows, new_rows = rows[level]
        tolerance = tolerances.get(name, channel.resolution) + 0.5 * golden.resolutions[name]
        difference = _difference(
            name,
            channel.unit,
            tolerance,
            values[:, old_rows],
            now.values[name][:, new_rows],
            [golden.paths[level][r] for r in old_rows],
            np.array(golden.times),
        )
        differences.append(difference)
        k = golden.paths[level].index(difference.path)
        traces[name] = (
            np.array(golden.times),
            values[:, k],
            now.values[name][:, now.paths[level].index(difference.path)],
        )
    differences.sort(key=lambda d: -d.ratio)
    return Comparison(tuple(differences), tuple(problems), traces)


def _frame_problems(golden: Golden, now: Golden) -> list[str]:
    if golden.times == now.times:
        return []
    old, new = golden.times, now.times
    return [
        f"the golden recording has {len(old)} frames up to {old[-1] if old else 0:.0f} s every "
        f"{golden.about.get('interval_s', '?')} s, this run {len(new)} up to "
        f"{new[-1] if new else 0:.0f} s every {now.about.get('interval_s', '?')} s; they cannot "
        "be compared: mend the case, or make it anew with --update-golden"
    ]


def _matched(
    level: str, paths: list[str], now: Golden, problems: list[str]
) -> tuple[list[int], list[int]] | None:
    """Rows of the elements that both have, old and new; adds what only one has to ``problems``."""
    if level not in now.paths:
        problems.append(f"this run has no {level}")
        return None
    position = {path: row for row, path in enumerate(now.paths[level])}
    common = [(row, position[path]) for row, path in enumerate(paths) if path in position]
    gone = [path for path in paths if path not in position]
    fresh = sorted(set(now.paths[level]) - set(paths))
    for what, which in (("only in the golden recording", gone), ("only in this run", fresh)):
        if which:
            more = f" and {len(which) - 3} more" if len(which) > 3 else ""
            problems.append(f"{what}: {', '.join(which[:3])}{more}")
    if not common:
        return None
    return [old for old, _ in common], [new for _, new in common]


def _difference(
    name: str,
    unit: str,
    tolerance: float,
    old: Floats,
    new: Floats,
    paths: list[str],
    times: Floats,
) -> Difference:
    apart = np.abs(new - old)
    one_missing = np.isnan(old) != np.isnan(new)
    apart = np.where(one_missing, np.inf, np.nan_to_num(apart, nan=0.0, posinf=np.inf))
    frame, row = np.unravel_index(int(np.argmax(apart)), apart.shape)
    beyond = apart > tolerance
    first_path, first_time = None, None
    if beyond.any():
        early = int(np.flatnonzero(beyond.any(axis=1))[0])
        first_path = paths[int(np.argmax(np.where(beyond[early], apart[early], -1.0)))]
        first_time = float(times[early])
    return Difference(
        name,
        unit,
        tolerance,
        float(apart[frame, row]),
        paths[int(row)],
        float(times[frame]),
        float(old[frame, row]),
        float(new[frame, row]),
        first_path,
        first_time,
        float(beyond.mean()),
    )
