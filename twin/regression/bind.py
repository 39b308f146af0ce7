"""Expectations bound to a plant: names looked up, units checked, ready to be observed.

A *series* is a value per element at every moment, a *figure* one value of the whole run. Functions
such as ``max`` turn series into figures; a series that stands in a comparison by itself must fulfil
it for every element at every moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.errors import InputError, near_matches
from twin.regression.bound import Combined, Constant, Figure, Reported, RunFigure
from twin.regression.dimensions import NUMBER, Unit, coherent, unit_of_channel
from twin.regression.elements import Rows, ancestor_rows, channel_named, rows_at
from twin.regression.problem import ExpectationError
from twin.regression.series import Condition, Frame, Rate, Series
from twin.regression.syntax import (
    Arithmetic,
    Call,
    ChannelName,
    Comparison,
    EventName,
    Junction,
    Negation,
    Negative,
    Predicate,
    Qualifier,
    Quantity,
    Value,
)

if TYPE_CHECKING:
    from twin.plant import Plant


REPORTED = "workload."
REPORTED_UNITS = (
    ("tokens_per_s", "token/s"),
    ("tokens_per_j", "token/J"),
    ("requests_per_s", "1/s"),
    ("_s", "s"),
    ("_w", "W"),
)
"""Units of reported figures by how their names end."""
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
REDUCTIONS: dict[str, Callable[[Floats], Any]] = {
    "sum": np.sum,
    "average": np.mean,
    "largest": np.max,
    "smallest": np.min,
    "spread": np.ptp,
}
"""Of the elements that have a value; none has one where there are none."""


@dataclass
class Binder:
    """Binds one expectation (``text``) to a plant.

    Attributes
    ----------
    kinds : events that may come besides those of commands
    scheduled : path and name of the events on the scenario's timeline
    reported : names of the workload's key figures
    observed : series and conditions to watch
    """

    plant: Plant
    text: str
    kinds: frozenset[str]
    scheduled: tuple[tuple[str, str], ...] = ()
    reported: frozenset[str] = frozenset()
    observed: list[Series | Condition] = field(default_factory=list)

    def fail(self, message: str, at: int, allowed: str = "") -> ExpectationError:
        return ExpectationError(message, self.text, at, allowed)

    # --- values -----------------------------------------------------------------------------------

    def value(self, node: Value) -> Series | Figure:
        """A value: a series where a channel stands by itself, otherwise a figure."""
        if isinstance(node, Quantity):
            unit = coherent(node.unit.powers, node.unit.offset)
            return Constant(unit, node.value, node.unit)
        if isinstance(node, ChannelName):
            if node.name.startswith(REPORTED):
                return self.reported_figure(node)
            return self.channel(node)
        if isinstance(node, Negative):
            return self.negative(node)
        if isinstance(node, Call):
            return self.call(node)
        return self.arithmetic(node)

    def channel(self, node: ChannelName) -> Series:
        try:
            channel = channel_named(node.name)
        except InputError as error:
            raise self.fail(error.message, node.at, error.allowed) from None
        try:
            rows = rows_at(self.plant, channel.level, node.path)
        except InputError as error:
            at = node.path_at if node.path is not None else node.at
            raise self.fail(error.message, at, error.allowed) from None
        everything = len(rows) == self.plant.levels[channel.level].count
        name = channel.name

        def read(frame: Frame) -> Floats:
            values = frame.channel(name)
            return values if everything else values[rows]

        return Series(unit_of_channel(channel.unit), channel.level, rows, read, channel=name)

    def reported_figure(self, node: ChannelName) -> Reported:
        name = node.name.removeprefix(REPORTED)
        if name not in self.reported:
            known = sorted(self.reported)
            hint = near_matches(name, known) if known else "this workload reports none"
            raise self.fail(f"the workload has no figure '{name}'", node.at, hint)
        unit = next((text for end, text in REPORTED_UNITS if name.endswith(end)), "")
        return Reported(unit_of_channel(unit), name)

    def negative(self, node: Negative) -> Series | Figure:
        inner = self.value(node.value)
        if isinstance(inner, Constant):
            return Constant(inner.unit, -inner.value, inner.written)
        zero = Constant(Unit(inner.unit.powers), 0.0, inner.unit)
        if inner.unit.offset:
            raise self.fail(
                "a temperature in degC has no negative",
                node.at,
                "the difference of two temperatures",
            )
        return self.combine("-", zero, inner, node.at)

    def arithmetic(self, node: Arithmetic) -> Series | Figure:
        return self.combine(node.operator, self.value(node.left), self.value(node.right), node.at)

    def combine(
        self, operator: str, left: Series | Figure, right: Series | Figure, at: int
    ) -> Series | Figure:
        unit = self.unit_of(operator, left.unit, right.unit, at)
        if not isinstance(left, Series) and not isinstance(right, Series):
            if isinstance(left, Constant) and isinstance(right, Constant):
                value = float(OPERATORS[operator](np.float64(left.value), np.float64(right.value)))
                written = left.written if unit.powers == left.unit.powers else unit
                return Constant(unit, value, written)
            return Combined(unit, operator, left, right)
        one, other, level, rows = self.aligned(left, right, at)
        function = OPERATORS[operator]

        def read(frame: Frame) -> Floats:
            return np.asarray(function(one(frame), other(frame)))

        return Series(unit, level, rows, read)

    def unit_of(self, operator: str, left: Unit, right: Unit, at: int) -> Unit:
        """Unit of a result; raises ExpectationError where the operands do not fit."""
        if operator in "*/":
            if left.offset or right.offset:
                raise self.fail(
                    "a temperature in degC cannot be multiplied or divided",
                    at,
                    "take the difference of two temperatures first",
                )
            return left.times(right, 1 if operator == "*" else -1)
        if left.powers != right.powers:
            raise self.fail(
                f"{left.name} and {right.name} do not go together", at, "values of one dimension"
            )
        if operator == "-" and left.offset and right.offset:
            return Unit(left.powers, False, "K")
        if (operator == "+" and left.offset and right.offset) or (
            operator == "-" and right.offset and not left.offset
        ):
            raise self.fail("temperatures in degC cannot be added", at, "add a difference in K")
        if left.offset or right.offset:
            return left if left.offset else right
        return coherent(left.powers)

    def aligned(
        self, left: Series | Figure, right: Series | Figure, at: int
    ) -> tuple[Callable[[Frame], Floats], Callable[[Frame], Floats], str | None, Rows | None]:
        """Readers of both sides with one value per element of the deeper level."""
        for side in (left, right):
            if isinstance(side, RunFigure | Combined | Reported):
                raise self.fail(
                    "a figure of the whole run cannot be mixed with values in time",
                    at,
                    "put a function such as max() around the channel as well",
                )
        if isinstance(left, Constant):
            assert isinstance(right, Series)
            return _steady(left.value), right.read, right.level, right.rows
        assert isinstance(left, Series)
        if isinstance(right, Constant):
            return left.read, _steady(right.value), left.level, left.rows
        assert isinstance(right, Series)
        if left.single or right.single:
            broad = right if left.single else left
            return left.read, right.read, broad.level, broad.rows
        if left.level == right.level and np.array_equal(left.row_numbers, right.row_numbers):
            return left.read, right.read, left.level, left.rows
        up = self.lifted(left, right)
        if up is not None:
            return up, right.read, right.level, right.rows
        up = self.lifted(right, left)
        if up is not None:
            return left.read, up, left.level, left.rows
        raise self.fail(
            f"a {left.level} and a {right.level} cannot be paired element by element",
            at,
            "one of them above the other, or sum(), largest() around one of them",
        )

    def lifted(self, upper: Series, lower: Series) -> Callable[[Frame], Floats] | None:
        """Values of the upper level for each element of the lower one."""
        if upper.level is None or lower.level is None:
            return None
        owners = ancestor_rows(self.plant, lower.level, lower.row_numbers, upper.level)
        if owners is None or not np.isin(owners, upper.row_numbers).all():
            return None
        position = np.searchsorted(upper.row_numbers, owners)
        return lambda frame: upper.read(frame)[position]

    # --- functions --------------------------------------------------------------------------------

    def call(self, node: Call) -> Series | Figure:
        """A function: of elements (a series again), or over the run (a figure)."""
        argument = node.arguments[0]
        if isinstance(argument, EventName):
            self.check_event(argument)
            self.check_windows(node.qualifiers)
            unit = NUMBER if node.function == "occurrences" else unit_of_channel("s")
            return RunFigure(unit, node.function, argument, qualifiers=node.qualifiers, at=node.at)
        if node.function in ("time_to", "duration", "count"):
            return self.of_test(node)
        inner = self.value(argument)  # type: ignore[arg-type]
        if not isinstance(inner, Series):
            raise self.fail(
                f"{node.function}() needs a channel; this is one figure already",
                node.at,
                f"such as {node.function}(gpu.temperature)",
            )
        if node.function in ("sum", "average", "largest", "smallest", "spread", "abs", "rate"):
            if node.qualifiers:
                raise self.fail(
                    f"{node.function}() works at every moment and takes no part of the run",
                    node.qualifiers[0].first.at,
                    f"max({node.function}(...) after ...)",
                )
            return self.of_elements(node, inner)
        return self.over_run(node, inner)

    def of_test(self, node: Call) -> Series | Figure:
        test = self.test(node.arguments[0])  # type: ignore[arg-type]
        self.check_windows(node.qualifiers)
        if node.function == "count":
            if node.qualifiers:
                raise self.fail(
                    "count() works at every moment", node.at, "max(count(...) after ...)"
                )
            return Series(
                NUMBER,
                None,
                None,
                lambda frame: np.array([float(np.count_nonzero(test.read(frame)))]),
            )
        self.observed.append(test)
        return RunFigure(
            unit_of_channel("s"), node.function, test, qualifiers=node.qualifiers, at=node.at
        )

    def of_elements(self, node: Call, inner: Series) -> Series:
        function, unit = node.function, inner.unit
        if function == "rate":
            window = 0.0
            if len(node.arguments) > 1:
                length = node.arguments[1]
                assert isinstance(length, Quantity)
                if not length.unit.fits(unit_of_channel("s")):
                    raise self.fail("is not a time", length.at, "such as rate(site.power, 60 s)")
                window = length.value
            plain = Unit(unit.powers)
            rate = Rate(inner.read, window)
            return Series(plain.times(unit_of_channel("s"), -1), inner.level, inner.rows, rate)
        if function in ("sum", "abs") and unit.offset:
            raise self.fail(
                f"{function}() of temperatures in degC means nothing",
                node.at,
                "average(), or the difference of two temperatures",
            )
        if function == "abs":
            return Series(unit, inner.level, inner.rows, lambda frame: np.abs(inner.read(frame)))
        if function == "spread":
            unit = Unit(unit.powers, False, "K" if unit.offset else unit.text)
        reduce = REDUCTIONS[function]

        def read(frame: Frame) -> Floats:
            values = inner.read(frame)
            there = values[~np.isnan(values)]
            return np.atleast_1d(reduce(there)) if len(there) else np.array([np.nan])

        return Series(unit, None, None, read)

    def over_run(self, node: Call, inner: Series) -> RunFigure:
        unit, share = inner.unit, 0.0
        if node.function == "percentile":
            if len(node.arguments) < 2:
                raise self.fail(
                    "percentile() needs a share", node.at, "percentile(gpu.temperature, 99 %)"
                )
            quantity = node.arguments[1]
            assert isinstance(quantity, Quantity)
            if not quantity.unit.fits(NUMBER) or not 0.0 <= quantity.value <= 1.0:
                raise self.fail("is not a share", quantity.at, "0 % to 100 %")
            share = quantity.value
            inner.kept = True
        elif node.function == "integral":
            if unit.offset:
                raise self.fail(
                    "a temperature in degC cannot be integrated",
                    node.at,
                    "the difference of two temperatures",
                )
            unit = unit.times(unit_of_channel("s"))
        elif node.function == "range":
            unit = Unit(unit.powers, False, "K" if unit.offset else unit.text)
        self.check_windows(node.qualifiers)
        self.observed.append(inner)
        return RunFigure(unit, node.function, inner, share, node.qualifiers, node.at)

    # --- tests ------------------------------------------------------------------------------------

    def test(self, node: Predicate) -> Condition:
        """A condition on values in time, element by element."""
        if isinstance(node, Negation):
            inner = self.test(node.part)
            return Condition(inner.level, inner.rows, lambda frame: ~inner.read(frame))
        if isinstance(node, Junction):
            return self.joined(node)
        left, right = self.value(node.left), self.value(node.right)
        self.check_units(node, left.unit, right.unit)
        if not isinstance(left, Series) and not isinstance(right, Series):
            raise self.fail(
                "a condition in time needs a channel",
                node.at,
                "such as rack.supply_temperature > 45 degC",
            )
        one, other, level, rows = self.aligned(left, right, node.at)
        tolerance = node.tolerance.value if node.tolerance is not None else 0.0
        relation = RELATIONS[node.relation]
        return Condition(level, rows, lambda frame: relation(one(frame) - other(frame), tolerance))

    def joined(self, node: Junction) -> Condition:
        parts = [self.test(part) for part in node.parts]
        broad = next((part for part in parts if part.level is not None), parts[0])
        for part in parts:
            alike = part.level == broad.level and np.array_equal(
                part.row_numbers, broad.row_numbers
            )
            if not part.single and not alike:
                raise self.fail(
                    f"conditions on a {part.level} and on a {broad.level} cannot be "
                    "joined element by element",
                    node.at,
                    "conditions on one level",
                )
        join = np.logical_and if node.word == "and" else np.logical_or

        def read(frame: Frame) -> NDArray[np.bool_]:
            result = parts[0].read(frame)
            for part in parts[1:]:
                result = join(result, part.read(frame))
            return np.atleast_1d(result)

        return Condition(broad.level, broad.rows, read)

    def check_units(self, node: Comparison, left: Unit, right: Unit) -> None:
        """Raise ExpectationError where two sides of a comparison have different dimensions."""
        if not left.fits(right):
            message = f"{left.name} is compared with {right.name}"
            hint = "the same dimension on both sides"
            if left.powers == right.powers:
                hint = "degC on both sides, or a difference in K on both sides"
            raise self.fail(message, node.at, hint)
        if node.tolerance is not None:
            allowed = node.tolerance.unit
            if allowed.powers != left.powers or allowed.offset:
                raise self.fail(
                    f"a tolerance in {allowed.name} does not fit {left.name}",
                    node.tolerance.at,
                    "K" if left.offset else left.name,
                )

    # --- events and windows -----------------------------------------------------------------------

    def check_windows(self, qualifiers: tuple[Qualifier, ...]) -> None:
        """Look up the events that windows are anchored to."""
        for qualifier in qualifiers:
            for moment in (qualifier.first, qualifier.last):
                if moment is not None and moment.event is not None:
                    self.check_event(moment.event)

    def check_event(self, event: EventName) -> None:
        """Raise ExpectationError for an event that can never be."""
        from twin.regression.known_events import check_event

        check_event(self, event)


def _steady(value: float) -> Callable[[Frame], Floats]:
    array = np.array([value])
    return lambda frame: array


RELATIONS: dict[str, Callable[[Floats, float], NDArray[np.bool_]]] = {
    "<": lambda d, tolerance: d < 0.0,
    "<=": lambda d, tolerance: d <= 0.0,
    ">": lambda d, tolerance: d > 0.0,
    ">=": lambda d, tolerance: d >= 0.0,
    "==": lambda d, tolerance: np.abs(d) <= tolerance,
    "!=": lambda d, tolerance: np.abs(d) > tolerance,
}
"""Relations of a difference to zero; a NaN fulfils none."""
