"""A factory in motion: plant, state and scenario, advanced in simulated time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import RACK, Floats, blocks_of
from twin import (
    beyond_the_end,
    compiled,
    controls,
    initial_state,
    key_figures,
    steady,
    watch,
    weather_notes,
)
from twin import weather as weather_module
from twin.channels import BY_NAME, Channel, read_channels
from twin.clock import Clock, clock_of
from twin.controls import Applied, Command
from twin.driven import refuse_driven
from twin.errors import InputError, NumericalError
from twin.plant.storage import battery_capacity, keep_share
from twin.power import journal
from twin.power.hours import Tariffs
from twin.scenario import Scenario, TimedEvent
from twin.solar import solar_for
from twin.state import StateBuffer, counts_of
from twin.weather import Weather
from twin.workload.driver import Driver, drivers_of

if TYPE_CHECKING:
    from twin.plant import Plant

WEATHER_INTERVAL = 60.0  # s between looks at the weather
SETTLING_LOOKS = 60  # steps of settling at which drivers may correct the workload
MAXIMUM_EVENTS = 10_000

LARGEST_RESIDUAL = 1e-3
"""Energy out of nowhere, as a share of the throughput, at which a run stops: a thousand times what
tests allow."""
LONG = 1e9  # s: settled
BALANCE_LOOKS = 4  # at what the racks make of their workload
INPUTS = slice(0, RACK.memory_share + 1)  # rows of the racks' state that workloads write


@dataclass(frozen=True)
class Event:
    """Something that happened: simulated time [s], path, kind and a sentence.

    ``key`` is the control or fault of events that are commands. ``steps`` counts the steps up to
    and with the one in which it happened, or before which it was done: whoever goes back to fewer
    undoes it. None: of the step to come.
    """

    time: float
    path: str
    kind: str
    message: str
    key: str = ""
    steps: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """What files and answers tell of it."""
        return {
            "time": self.time,
            "path": self.path,
            "kind": self.kind,
            "message": self.message,
            "key": self.key,
        }


@dataclass(frozen=True)
class Snapshot:
    """Everything needed to go on from a moment, bit by bit."""

    time: float
    steps: int
    pending: int
    state: Floats
    alarms: frozenset[tuple[str, int]]
    drivers: tuple[Any, ...] = ()
    events: tuple[Event, ...] = ()
    logged: int = 0


@dataclass
class Simulation:
    """A plant that runs through a scenario.

    Not safe for calls from several threads at once; one thread owns it.

    Attributes
    ----------
    plant, scenario : what runs and what happens to it
    state : all dynamic values
    time : simulated seconds since the start
    events : what happened, oldest first, bounded
    """

    plant: Plant
    scenario: Scenario = field(default_factory=Scenario)
    weather: Weather | None = None

    def __post_init__(self) -> None:
        compiled.prepare()
        self.clock = self._clock()
        if self.scenario.start.tzinfo is not None:
            self.scenario = self.scenario.model_copy(update={"start": self.clock.start})
        self.step: float = self.scenario.step
        self.steps = 0
        self._weather_steps = max(1, round(WEATHER_INTERVAL / self.step))
        self.events: deque[Event] = deque(maxlen=MAXIMUM_EVENTS)
        self.logged = 0
        self._starting = True
        self._counts = counts_of(self.plant.constants)
        self.threaded = self._counts["gpu"] >= steady.THREADED_FROM
        if self.weather is None:
            self.weather = weather_module.weather_for(self.plant, self.scenario)
        self.solar = solar_for(
            self.plant.sites,
            self.weather,
            self.scenario.start,
            self.scenario.weather.sky,
            self.scenario.weather.kind == "normals",
        )
        self.tariffs = Tariffs(self.plant.layout.model, tuple(self.plant.sites), self.scenario)
        self._timeline: list[TimedEvent] = sorted(self.scenario.events, key=lambda e: e.at)
        self._pending = 0
        self._without_weather = False
        self._sun_notes: tuple[str, ...] = ()
        for note in weather_notes.notes(
            self.plant, self.scenario, weather_module.weather_file(self.weather)
        ):
            self.log(Event(0.0, *note))
        self.drivers = drivers_of(self)
        for number in range(len(self.scenario.events)):
            self._check(number)
        self.state = StateBuffer(self._counts)
        self._blocks = blocks_of(self.plant.constants)
        self._fill()
        if self.scenario.start_state == "balance":
            self._balance()
        self._settle()
        self._refresh_battery()
        self.start = StateBuffer(self._counts)
        self.start.restore(self.state.buffer)
        self._sound = self.state.snapshot()
        # what the layout itself leaves off is nothing that happens
        at_start = watch.standing(self.plant, self.state)
        self._alarms: watch.Standing = frozenset(e for e in at_start if e[0] == watch.OFF)
        self._starting = False

    # --- start ------------------------------------------------------------------------------------

    def _clock(self) -> Clock:
        """The clock of the first site; a start with an offset is converted to it."""
        try:
            return clock_of(self.scenario.start, self.plant.sites)
        except InputError as error:
            raise self.scenario.located(error, ("start",)) from None

    def _fill(self) -> None:
        """Initial state: everything in service, at temperatures near the operating point."""
        initial_state.fill(self.plant, self.state)
        tokens = self.scenario.tokens
        self.state.view.site.operations_per_token[:] = (
            tokens.parameters * tokens.operations_per_parameter / tokens.model_flops_utilisation
        )
        self._set_weather(everything=True)
        self._set_workload(starting=True)
        self._step(0)  # the ledger counts from the heat stored now

    def _balance(self) -> None:
        """Begin at rest under the weather and workload of the start, where there is such a state.

        Drivers of the workload may look at what the racks make of it, and correct themselves.
        """
        workload = self.state.blocks.rack[: INPUTS.stop].copy()
        for _ in range(BALANCE_LOOKS):
            result = steady.rest(self._blocks, self.state, threaded=self.threaded)
            if not result.converged:
                self.log(
                    Event(
                        0.0,
                        "/",
                        "no-balance",
                        "begins at its set points instead: " + steady.explain(self.plant, result),
                    )
                )
                return
            self._set_workload(starting=True)
            asked = self.state.blocks.rack[: INPUTS.stop]
            if np.array_equal(asked, workload):
                return
            workload = asked.copy()

    def _settle(self) -> None:
        """Run with the weather and workload of the start, as long as the scenario asks."""
        steps = round(self.scenario.settle / self.step)
        if steps > 0:
            for _ in range(min(steps, SETTLING_LOOKS)):  # drivers that correct themselves
                self._step(1)
                self._set_workload(starting=True)
            self._step(max(steps - SETTLING_LOOKS, 0))
            self._set_workload(starting=True)
            self.state.blocks.ledger[:] = 0.0
            self.state.blocks.journal[:] = 0.0
            self._step(0)

    def _refresh_battery(self) -> None:
        """Begin with the battery as the layout has it, not with what settling made of it."""
        with self._rebooked():
            battery, site = self.state.view.battery, self.state.view.site
            battery.charge[:] = self.plant.initial["battery.charge"]
            battery.life_used[:] = 0.0
            site.battery_state[:] = site.battery_calm[:] = 0.0

    def _check(self, number: int) -> None:
        """Refuse an event that cannot be carried out: it must fail now, not in an hour."""
        event = self.scenario.events[number]
        try:
            controls.check(self.plant, _command(event))
            refuse_driven(self.plant, self.drivers, _command(event))
        except InputError as error:
            verb = "set" if event.set_ else "inject" if event.inject else "clear"
            part = {"path": "path", "key": verb}.get(error.key, "value")
            raise self.scenario.located(error, ("events", number, part)) from None

    # --- time -------------------------------------------------------------------------------------

    def ends_at(self, seconds: float) -> None:
        """Prepare for a run that ends so many seconds after the start.

        What the scenario holds beyond that is logged. Raises InputError when the weather ends
        before.
        """
        weather_module.require(self.weather, seconds)
        for path, remark in beyond_the_end.remarks(self.scenario, seconds):
            self.log(Event(self.time, path, "data", remark))

    @property
    def time(self) -> float:
        """Simulated seconds since the start."""
        return self.steps * self.step

    def advance(self, seconds: float) -> None:
        """Run ``seconds`` of simulated time, in whole steps (at least one).

        Raises NumericalError, naming the element, when a temperature is no longer a number; the
        simulation then stands before the step that failed.
        """
        remaining = max(1, round(seconds / self.step))
        while remaining > 0:
            self._apply_due()
            if self.steps % self._weather_steps == 0:
                self._set_weather()
            self._set_workload()
            count = min(remaining, self._steps_to_next())
            np.copyto(self._sound, self.state.buffer)
            self._booked = watch.booked(self.state)
            self._step(count)
            if self._broken().any():
                self._stop(count)
            if abs(self.energy_residual()) > LARGEST_RESIDUAL:
                raise self._unbalanced(count)
            found = [*self._power_events(), *self._watch(count)]
            for event in sorted(found, key=lambda e: (e.steps or 0, e.time)):
                self.log(event)
            self.steps += count
            remaining -= count

    def _step(self, count: int) -> None:
        if not self.threaded:
            from physics.factory.advance import advance

            advance(self._blocks, self.state.blocks, count, self.step)
            return
        import numba

        from physics.factory.advance import advance_threaded

        with steady.threads_lock:
            limit = numba.config.NUMBA_NUM_THREADS
            numba.set_num_threads(min(self.scenario.threads or limit, limit))
            advance_threaded(self._blocks, self.state.blocks, count, self.step)

    def _steps_to_next(self) -> int:
        """Steps until something has to be looked at again, however the caller cuts the time."""
        upcoming = []
        if self._pending < len(self._timeline):
            upcoming.append(self._timeline[self._pending].at)
        upcoming.extend(driver.next_change(self.time) for driver in self.drivers)
        to_weather: int = self._weather_steps - self.steps % self._weather_steps
        ahead = min(upcoming, default=math.inf) - self.time
        if ahead == math.inf:
            return to_weather
        return max(1, min(to_weather, math.ceil(ahead / self.step - 1e-9)))

    def _apply_due(self) -> None:
        while self._pending < len(self._timeline):
            event = self._timeline[self._pending]
            if event.at > self.time + 1e-9:
                return
            self._pending += 1
            self.apply(_command(event))

    def _set_weather(self, everything: bool = False) -> None:
        """Weather of now, and the rooms' humidity since the last look (or settled in it)."""
        assert self.weather is not None
        site = self.state.view.site
        outdoors = (site.dry_bulb_temperature, site.wet_bulb_temperature, site.pressure)
        last = [values.copy() for values in outdoors]
        self.weather.at(self.time, *outdoors)
        missing = ~np.isfinite(sum(outdoors))
        if missing.any():
            self._bridge_weather(outdoors, last, missing, everything)
        self._without_weather = bool(missing.any())
        if self.tariffs.any:
            since = None if everything else self.time - self._weather_steps * self.step
            self.tariffs.set(self, since)
        if self.solar.any:
            site.solar_available[:] = self.solar.at(self.time)
            self._tell_sun()
        weather_module.set_humidity(site, self.plant, self.time)
        self.ventilate(None if everything else self._weather_steps * self.step)

    def _tell_sun(self) -> None:
        """Log what the weather begins to lack for the fields."""
        found = self.solar.notes(self.time)
        if found == self._sun_notes:
            return
        before = self._sun_notes or ("",) * len(found)
        self._sun_notes = found
        for s, (note, last) in enumerate(zip(found, before, strict=True)):
            if note and note != last:
                path = self.plant.levels.path("site", s)
                self.log(Event(self.time, path, weather_notes.SUN, note))

    def _bridge_weather(
        self,
        outdoors: tuple[Floats, ...],
        last: list[Floats],
        missing: NDArray[np.bool_],
        starting: bool,
    ) -> None:
        """Let sites without weather keep the last they had; at the start there is none to keep.

        Raises InputError, naming the site, when there is no weather at the start.
        """
        paths = [self.plant.levels.path("site", int(s)) for s in np.flatnonzero(missing)]
        if starting:
            raise InputError(
                f"{paths[0]}: weather at the start is not a number",
                key="weather",
                allowed="finite dry bulb, wet bulb and pressure",
            )
        for values, before in zip(outdoors, last, strict=True):
            values[missing] = before[missing]
        if not self._without_weather:
            for path in paths:
                self.log(
                    Event(
                        self.time,
                        path,
                        "weather-missing",
                        "there is none for this time; the last one is kept",
                    )
                )

    def ventilate(self, seconds: float | None = None) -> None:
        """Humidity of the rooms after so many seconds of this weather; None: settled in it."""
        from physics.factory.air import ventilate

        c, s = self._blocks, self.state.blocks
        ventilate(c.halls, c.hall_links, s.hall, s.site, LONG if seconds is None else seconds)

    def _set_workload(self, starting: bool = False) -> None:
        """Let the drivers write what the racks are asked to do from now on."""
        for driver in self.drivers:
            driver.set(self, starting)

    # --- looking and acting -----------------------------------------------------------------------

    def apply(self, command: Command) -> Applied:
        """Carry a command out now and log it as an event; raises InputError and changes nothing."""
        refuse_driven(self.plant, self.drivers, command)
        with self._batteries_rebooked(command):
            applied = controls.apply(self.plant, self.state, self.start, command)
        self.state.view.rack.calm[:] = 0.0  # the command may have touched an accelerator
        if command.kind == "set":
            text = f"{command.key} set {self._change(command, applied)}"
        else:
            text = f"{command.key} {'injected' if command.kind == 'inject' else 'cleared'}"
        if applied.elements > 1:
            text += f" on {applied.elements} elements"
        place = command.path if command.kind == "set" else controls.place(self.plant, command.path)
        self.log(Event(self.time, place, command.kind, text, command.key))
        return applied

    def _change(self, command: Command, applied: Applied) -> str:
        """From what to what a control was set; what needs its unit, as it was written."""
        control, _ = controls.resolve_control(self.plant, command.path, command.key)
        if control.example:
            return f"to {command.value}"
        unit = f" {control.unit}" if control.unit else ""
        return f"from {applied.before:.5g} to {applied.after:.5g}{unit}"

    @contextmanager
    def _batteries_rebooked(self, command: Command) -> Iterator[None]:
        """Take energy that a command conjures into or out of batteries into the ledger's start."""
        if command.key not in controls.CHANGES_STORED_ENERGY:
            yield
            return
        capacity = battery_capacity(self.plant, self.state)
        with self._rebooked():
            yield
            keep_share(self.plant, self.state, capacity)

    @contextmanager
    def _rebooked(self) -> Iterator[None]:
        """Take what is done to batteries' content into the ledger's start."""
        from physics.factory.power_books import stored_electricity

        before, after = (np.zeros(len(self.state.view.site.pue)) for _ in range(2))
        stored_electricity(self._blocks, self.state.blocks, before)
        yield
        stored_electricity(self._blocks, self.state.blocks, after)
        self.state.view.ledger.stored_electricity_start[:] += after - before

    def log(self, event: Event) -> None:
        """Add an event; the oldest go when there are too many. ``logged`` counts all."""
        if event.steps is None:
            event = replace(event, steps=0 if self._starting else self.steps + 1)
        self.events.append(event)
        self.logged += 1

    def channel(self, name: str) -> Floats:
        """Values of a channel for all elements of its level, shape [count]; may be a view."""
        return BY_NAME[name].read(self.plant, self.state)

    def values(self, channels: Iterable[Channel]) -> dict[str, Floats]:
        """Values of several channels by name, shape [count] each; may be views."""
        return read_channels(channels, self.plant, self.state)

    def _broken(self) -> NDArray[np.bool_]:
        """Racks with a temperature or power that is not a number, shape [racks]."""
        rack = self.state.view.rack
        return ~np.isfinite(rack.it_power + rack.outlet_temperature + rack.maximum_gpu_temperature)

    def _stop(self, count: int) -> NoReturn:
        """Find the step within the last ``count`` that failed, go back before it, and raise.

        What is not a number spreads with the coolant, so only its first step names its origin.
        """
        self.state.restore(self._sound)
        for _ in range(count):
            np.copyto(self._sound, self.state.buffer)
            self._step(1)
            if self._broken().any():
                break
            self.steps += 1
        first = int(np.flatnonzero(self._broken())[0])
        self.state.restore(self._sound)
        path = self.plant.levels.path("rack", first)
        raise NumericalError(
            f"{path}: a temperature or power is not a number after {self.time:g} s"
        )

    def _unbalanced(self, count: int) -> NumericalError:
        """Go back before the last ``count`` steps, in which energy came from nowhere."""
        residual = self.state.view.ledger.residual
        site = int(np.argmax(np.abs(residual)))
        share = abs(float(residual[site]))
        self.state.restore(self._sound)
        return NumericalError(
            f"{self.plant.levels.path('site', site)}: energy in and out differ by {share:.3g} of "
            f"the throughput within {count * self.step:g} s after {self.time:g} s, so that no "
            "figure of this run can be believed; please report the layout and the scenario"
        )

    def _power_events(self) -> Iterator[Event]:
        """What happened in the power chain since now, in the steps just made."""
        for happening in journal.read(self.plant, self.state.blocks.journal):
            yield Event(
                self.time + happening.time,
                happening.path,
                happening.kind,
                happening.message,
                steps=self.steps + 1 + math.floor(happening.time / self.step + 1e-9),
            )

    def _watch(self, count: int) -> list[Event]:
        """What began or ended in the ``count`` steps just made, at the step where it did."""
        now = watch.standing(self.plant, self.state)
        steady_since = watch.explained(self.state, now, self._booked, count * self.step)
        if count > 1 and not (now == self._alarms and steady_since):
            return self._walk(count)
        return self._told(now, self.steps + count)

    def _walk(self, count: int) -> list[Event]:
        """Go the last ``count`` steps again one by one, looking after each; ends where it was."""
        end, found = self.state.snapshot(), []
        self.state.restore(self._sound)
        for number in range(1, count + 1):
            self._step(1)
            now = watch.standing(self.plant, self.state)
            found += self._told(now, self.steps + number)
        self.state.restore(end)
        return found

    def _told(self, now: watch.Standing, steps: int) -> list[Event]:
        """What differs from the last look, after so many steps; this becomes the last look."""
        before, self._alarms = self._alarms, now
        return [
            Event(steps * self.step, path, kind, message, steps=steps)
            for path, kind, message in watch.told(self.plant, self.state, before, now)
        ]

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from now."""
        return Snapshot(
            self.time,
            self.steps,
            self._pending,
            self.state.snapshot(),
            self._alarms,
            tuple(driver.snapshot() for driver in self.drivers),
            tuple(self.events),
            self.logged,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back (or on) to a snapshot of this plant and scenario, and to its events."""
        self.state.restore(snapshot.state)
        self.steps = snapshot.steps
        self._pending = snapshot.pending
        self._alarms = snapshot.alarms
        self.events = deque(snapshot.events, maxlen=MAXIMUM_EVENTS)
        self.logged = snapshot.logged
        for driver, kept in zip(self.drivers, snapshot.drivers):
            driver.restore(kept)

    def digest(self) -> str:
        """Hash of every bit of the state."""
        return self.state.digest()

    def kpis(self) -> dict[str, float]:
        """Key figures now, over all sites; powers in W, temperatures in degC."""
        return key_figures.present(self.plant, self.state)

    def energy_residual(self) -> float:
        """Largest ledger residual of any site, relative to its throughput."""
        return key_figures.residual(self.state)

    def averages(self) -> dict[str, float]:
        """Key figures over the run so far: averages, and maxima of temperatures."""
        return key_figures.of_run(self.plant, self.state)

    def extremes(self) -> dict[str, key_figures.Extreme]:
        """Where and when the run so far was hottest, and drew most, by the name of the figure."""
        return key_figures.extremes(self.plant, self.state)

    def workload_figures(self) -> dict[str, float]:
        """Key figures of jobs, training, inference and measured series so far, in SI."""
        kinds: dict[type[Driver], list[Driver]] = {}
        for driver in self.drivers:
            kinds.setdefault(type(driver), []).append(driver)
        figures: dict[str, float] = {}
        for kind, drivers in kinds.items():
            figures.update(kind.figures(drivers, self))
        return figures

    def info(self) -> dict[str, Any]:
        """Counts of the plant, for tables and hello messages."""
        return {
            "layout": self.plant.name,
            "gpus": self._counts["gpu"],
            "racks": self._counts["rack"],
        }


def _command(event: TimedEvent) -> Command:
    if event.set_ is not None:
        return Command("set", event.path, event.set_, event.value)
    if event.inject is not None:
        return Command("inject", event.path, event.inject)
    return Command("clear", event.path, str(event.clear))
