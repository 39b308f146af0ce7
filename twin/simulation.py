"""A factory in motion: plant, state and scenario, advanced in simulated time."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import MAIN_CELLS, Floats, blocks_of
from twin import compiled, controls
from twin import weather as weather_module
from twin.channels import BY_NAME
from twin.controls import Applied, Command
from twin.errors import InputError, NumericalError
from twin.power import journal
from twin.scenario import Scenario, TimedEvent
from twin.state import StateBuffer, counts_of
from twin.weather import Weather
from twin.workload.driver import drivers_of

if TYPE_CHECKING:
    from twin.plant import Plant

WEATHER_INTERVAL = 60.0  # s between looks at the weather
SETTLING_LOOKS = 60  # steps of settling at which drivers may correct the workload
THREADED_FROM = 20_000  # accelerators from which threads pay
MAXIMUM_EVENTS = 10_000

_threads_lock = threading.Lock()  # numba's default threading layer serves one caller at a time


@dataclass(frozen=True)
class Event:
    """Something that happened: simulated time [s], path, kind and a sentence.

    ``key`` is the control or fault of events that are commands.
    """

    time: float
    path: str
    kind: str
    message: str
    key: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything needed to go on from a moment, bit by bit."""

    time: float
    steps: int
    pending: int
    state: Floats
    alarms: frozenset[tuple[str, int]]
    drivers: tuple[Any, ...] = ()


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
        self.step: float = self.scenario.step
        self.steps = 0
        self._weather_steps = max(1, round(WEATHER_INTERVAL / self.step))
        self.events: deque[Event] = deque(maxlen=MAXIMUM_EVENTS)
        self.logged = 0
        self._counts = counts_of(self.plant.constants)
        self.threaded = self._counts["gpu"] >= THREADED_FROM
        if self.weather is None:
            self.weather = weather_module.weather_for(self.plant, self.scenario)
        self._timeline: list[TimedEvent] = sorted(self.scenario.events, key=lambda e: e.at)
        self._pending = 0
        self.drivers = drivers_of(self)
        for number in range(len(self.scenario.events)):
            self._check(number)
        self.state = StateBuffer(self._counts)
        self._blocks = blocks_of(self.plant.constants)
        self._fill()
        self._settle()
        self.start = StateBuffer(self._counts)
        self.start.restore(self.state.buffer)
        self._sound = self.state.snapshot()
        self._alarms: frozenset[tuple[str, int]] = frozenset()

    # --- start ------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Initial state: everything in service, at temperatures near the operating point."""
        for name, values in self.plant.initial.items():
            self.state.field(name)[:] = values
        s, c = self.state.view, self.plant.constants
        for group in (
            s.panel,
            s.crah,
            s.ups,
            s.hall_transformer,
            s.cooler,
            s.pump,
            s.chiller,
            s.plant_transformer,
            s.site_transformer,
            s.feeder,
            s.generator,
            s.battery,
        ):
            group.online[:] = 1.0
        for owner, name in (
            ("rack", "energised"),
            ("rack", "flow_factor"),
            ("gpu", "online"),
            ("gpu", "flow_factor"),
            ("gpu", "clock"),
            ("gpu", "memory_clock"),
            ("row", "fed"),
            ("hall", "fed"),
            ("plant", "fed"),
            ("plant", "demand"),
        ):
            self.state.field(f"{owner}.{name}")[:] = 1.0
        for name, rows in self.plant.out_of_service.items():
            self.state.field("rack.energised" if name == "rack" else f"{name}.online")[rows] = 0.0
        s.row.racks_up[:] = np.bincount(c.rack.row, s.rack.energised, len(s.row.racks_up))
        s.rack.power_cap[:] = math.inf
        s.rack.fan_speed[:] = np.where(c.kinds.liquid[c.rack.kind] > 0, 1.0, 0.6)
        s.cdu.pumps_online[:] = c.cdu.pumps
        s.cdu.supply_temperature[:] = s.cdu.supply_setpoint
        s.cdu.return_temperature[:] = s.cdu.supply_setpoint
        s.cdu.delivered_temperature[:] = s.cdu.supply_setpoint
        s.cdu.measured_temperature[:] = s.cdu.supply_setpoint
        s.rack.plate_flow[:] = -1.0
        s.cdu.solved_speed[:] = -1.0  # no flows belong to any speed yet
        s.cdu.pump_integral[:] = 0.5
        mains = np.repeat(s.cdu.supply_setpoint, 2)
        s.main.edge_temperature[:] = mains
        for slot in range(MAIN_CELLS + 1):
            getattr(s.main, f"cell_{slot}")[:] = mains
        s.cdu.valve[:] = 0.3
        s.cdu.valve_integral[:] = 0.3
        s.plant.supply_temperature[:] = s.plant.supply_setpoint
        s.plant.return_temperature[:] = s.plant.supply_setpoint
        s.plant.condenser_temperature[:] = 25.0
        s.hall.crah_supply_temperature[:] = s.hall.air_setpoint
        s.hall.crah_return_temperature[:] = s.hall.air_setpoint
        s.hall.crah_valve[:] = 0.2
        s.hall.crah_valve_integral[:] = 0.2
        air = s.hall.air_setpoint[c.row.hall]
        s.row.cold_aisle_temperature[:] = air
        s.row.hot_aisle_temperature[:] = air
        liquid = c.rack.cdu >= 0
        start = np.where(
            liquid,
            s.cdu.supply_setpoint[np.maximum(c.rack.cdu, 0)] if len(s.cdu.supply_setpoint) else 0.0,
            air[c.rack.row],
        )
        s.rack.inlet_temperature[:] = start
        s.rack.outlet_temperature[:] = start
        s.rack.outflow_temperature[:] = start
        s.rack.maximum_gpu_temperature[:] = start
        per_gpu = np.repeat(start, np.diff(c.rack.first_gpu))
        for values in (s.gpu.die_temperature, s.gpu.hbm_temperature, s.gpu.plate_temperature):
            values[:] = per_gpu
        tokens = self.scenario.tokens
        s.site.operations_per_token[:] = (
            tokens.parameters * tokens.operations_per_parameter / tokens.model_flops_utilisation
        )
        self._set_weather()
        self._set_workload(starting=True)
        self._step(0)  # the ledger counts from the heat stored now

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

    def _check(self, number: int) -> None:
        """Refuse an event that cannot be carried out: it must fail now, not in an hour."""
        event = self.scenario.events[number]
        try:
            controls.check(self.plant, _command(event))
        except InputError as error:
            verb = "set" if event.set_ else "inject" if event.inject else "clear"
            part = {"path": "path", "key": verb}.get(error.key, "value")
            raise self.scenario.located(error, ("events", number, part)) from None

    # --- time -------------------------------------------------------------------------------------

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
            self._step(count)
            if self._broken().any():
                self._stop(count)
            self._tell_power()
            self.steps += count
            remaining -= count
            self._watch()

    def _step(self, count: int) -> None:
        if not self.threaded:
            from physics.factory.advance import advance

            advance(self._blocks, self.state.blocks, count, self.step)
            return
        import numba

        from physics.factory.advance import advance_threaded

        with _threads_lock:
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

    def _set_weather(self) -> None:
        assert self.weather is not None
        site = self.state.view.site
        self.weather.at(
            self.time, site.dry_bulb_temperature, site.wet_bulb_temperature, site.pressure
        )

    def _set_workload(self, starting: bool = False) -> None:
        """Let the drivers write what the racks are asked to do from now on."""
        for driver in self.drivers:
            driver.set(self, starting)

    # --- looking and acting -----------------------------------------------------------------------

    def apply(self, command: Command) -> Applied:
        """Carry a command out now and log it as an event; raises InputError and changes nothing."""
        with self._batteries_rebooked(command):
            applied = controls.apply(self.plant, self.state, self.start, command)
        self.state.view.rack.calm[:] = 0.0  # the command may have touched an accelerator
        if command.kind == "set":
            text = f"{command.key} set from {applied.before:g} to {applied.after:g}"
        else:
            text = f"{command.key} {'injected' if command.kind == 'inject' else 'cleared'}"
        if applied.elements > 1:
            text += f" on {applied.elements} elements"
        self.log(Event(self.time, command.path, command.kind, text, command.key))
        return applied

    @contextmanager
    def _batteries_rebooked(self, command: Command) -> Iterator[None]:
        """Take energy that a command conjures into or out of batteries into the ledger's start."""
        if command.key not in controls.CHANGES_STORED_ENERGY:
            yield
            return
        from physics.factory.power_books import stored_electricity

        before, after = (np.zeros(len(self.state.view.site.pue)) for _ in range(2))
        stored_electricity(self._blocks, self.state.blocks, before)
        yield
        stored_electricity(self._blocks, self.state.blocks, after)
        self.state.view.ledger.stored_electricity_start[:] += after - before

    def log(self, event: Event) -> None:
        """Add an event; the oldest go when there are too many. ``logged`` counts all."""
        self.events.append(event)
        self.logged += 1

    def channel(self, name: str) -> Floats:
        """Values of a channel for all elements of its level, shape [count]; may be a view."""
        return BY_NAME[name].read(self.plant, self.state)

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

    def _tell_power(self) -> None:
        """Log what happened in the power chain since now, in the steps just made."""
        for happening in journal.read(self.plant, self.state.blocks.journal):
            self.log(
                Event(self.time + happening.time, happening.path, happening.kind, happening.message)
            )

    def _watch(self) -> None:
        """Log racks that begin or cease to throttle."""
        rack = self.state.view.rack
        throttled = frozenset(("rack", int(r)) for r in np.flatnonzero(rack.throttled > 0))
        fresh = sorted(throttled - self._alarms)
        for level, r in fresh[:20]:
            self.log(
                Event(
                    self.time,
                    self.plant.levels.path(level, r),
                    "throttling",
                    f"{int(rack.throttled[r])} GPUs slowed or off, hottest die "
                    f"{rack.maximum_gpu_temperature[r]:.1f} degC, hottest HBM stack "
                    f"{rack.maximum_hbm_temperature[r]:.1f} degC, coolant in "
                    f"{rack.inlet_temperature[r]:.1f} degC at {rack.flow[r]:.0%} of rated flow",
                )
            )
        if len(fresh) > 20:
            self.log(Event(self.time, "/", "throttling", f"and {len(fresh) - 20} more racks"))
        for level, r in sorted(self._alarms - throttled)[:20]:
            self.log(
                Event(
                    self.time,
                    self.plant.levels.path(level, r),
                    "recovered",
                    "all GPUs at their asked clock again",
                )
            )
        self._alarms = throttled

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from now."""
        return Snapshot(
            self.time,
            self.steps,
            self._pending,
            self.state.snapshot(),
            self._alarms,
            tuple(driver.snapshot() for driver in self.drivers),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back (or on) to a snapshot of this plant and scenario."""
        self.state.restore(snapshot.state)
        self.steps = snapshot.steps
        self._pending = snapshot.pending
        self._alarms = snapshot.alarms
        for driver, kept in zip(self.drivers, snapshot.drivers):
            driver.restore(kept)

    def digest(self) -> str:
        """Hash of every bit of the state."""
        return self.state.digest()

    def kpis(self) -> dict[str, float]:
        """Key figures now, over all sites; powers in W, temperatures in degC."""
        site = self.state.view.site
        it_power, power = float(site.it_power.sum()), float(site.facility_power.sum())
        return {
            "it_power_w": it_power,
            "facility_power_w": power,
            "pue": power / it_power if it_power > 0 else math.nan,
            "max_gpu_temperature_c": float(site.maximum_gpu_temperature.max()),
            "max_hbm_temperature_c": float(site.maximum_hbm_temperature.max()),
            "throttled_gpu_fraction": float(site.throttled.sum()) / max(self._counts["gpu"], 1),
            "tokens_per_s": float(self.channel("site.tokens_per_second").sum()),
            "water_use_kg_per_s": float(site.water_use.sum()),
            "energy_residual": self.energy_residual(),
        }

    def energy_residual(self) -> float:
        """Largest ledger residual of any site, relative to its throughput."""
        residual = self.state.view.ledger.residual
        return float(residual[np.argmax(np.abs(residual))])

    def averages(self) -> dict[str, float]:
        """Key figures over the run so far: averages, and maxima of temperatures."""
        ledger = self.state.view.ledger
        time = max(float(ledger.time[0]), 1e-9)
        used, it_energy = float(ledger.facility_energy.sum()), float(ledger.it_energy.sum())
        site = self.state.view.site
        tokens = float((ledger.operations / site.operations_per_token).sum())
        return {
            "it_power_w": it_energy / time,
            "facility_power_w": used / time,
            "pue": used / it_energy if it_energy > 0 else math.nan,
            "wue_l_per_kwh": float(ledger.water.sum()) / (it_energy / 3.6e6) if it_energy else 0.0,
            "max_gpu_temperature_c": float(ledger.maximum_gpu_temperature.max()),
            "max_hbm_temperature_c": float(ledger.maximum_hbm_temperature.max()),
            "throttled_gpu_fraction": float(ledger.throttled_time.sum())
            / time
            / max(self._counts["gpu"], 1),
            "tokens_per_s": tokens / time,
            "energy_residual": self.energy_residual(),
        }

    def workload_figures(self) -> dict[str, float]:
        """Key figures of jobs, training, inference and measured series so far, in SI."""
        figures: dict[str, float] = {}
        for driver in self.drivers:
            figures.update(driver.figures(self))
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
