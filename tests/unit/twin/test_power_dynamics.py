"""Supply through faults: grid, UPS, generators, batteries, panels, caps, and the books."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_layout import HALL, ROW, changed, plant_of

from twin.plant import Plant, load_plant
from twin.scenario import Scenario, TimedEvent
from twin.simulation import Event, Simulation

GENERATORS = {"product": "generic-diesel-generator-3000", "count": 2}
BATTERY = {"product": "generic-battery-5mw-10mwh", "count": 1}
RESIDUAL = 1e-9  # of the energy used; the ledger's own promise is 1e-6
LOSS, BACK = "utility-loss", {"clear": "utility-loss"}
# batteries so small that they are empty before anything overheats without cooling
SHORT_UPS = {"extends": "generic-ups-1250", "id": "short-ups", "battery_energy": "3 kWh"}
SHORT = (("products", [SHORT_UPS]), (f"{HALL}.ups.product", "short-ups"))


def at(time: float, path: str, **command: Any) -> TimedEvent:
    return TimedEvent.model_validate({"at": f"{time} s", "path": path, **command})


class Run:
    """A run in steps, with the residual watched at each look."""

    def __init__(
        self,
        plant: Plant,
        *events: TimedEvent,
        seconds: float,
        settle: str = "2 min",
        look: Callable[[Simulation], float] | None = None,
        every: float = 1.0,
        step: str = "1 s",
    ):
        scenario = Scenario(settle=settle, events=events, step=step)
        self.simulation = Simulation(plant, scenario)
        self.worst = 0.0
        self.seen: list[float] = []
        while self.simulation.time < seconds - 1e-9:
            self.simulation.advance(every)
            self.worst = max(self.worst, abs(self.simulation.energy_residual()))
            if look is not None:
                self.seen.append(look(self.simulation))
        assert self.worst < RESIDUAL

    def events(self, kind: str, path: str = "") -> list[Event]:
        return [e for e in self.simulation.events if e.kind == kind and path in e.path]

    def time_of(self, kind: str, words: str) -> float:
        found = [e.time for e in self.simulation.events if e.kind == kind and words in e.message]
        assert found, [(e.kind, e.message) for e in self.simulation.events]
        return found[0]

    def value(self, field: str) -> Any:
        return self.simulation.state.field(field)


def small(*changes: tuple[str, Any]) -> Plant:
    return plant_of(changed(("sites.0.generators", GENERATORS), *changes))


@pytest.fixture(scope="module")
def backed() -> Plant:
    """The small layout with two generators."""
    return small()


@pytest.mark.parametrize("name", ["pilot", "hall"])
@pytest.mark.parametrize("lasting", [30.0, 600.0, 3600.0])
def test_a_healthy_design_survives_utility_loss(name: str, lasting: float) -> None:
    plant = load_plant(name)
    site = plant.levels.path("site", 0)
    run = Run(
        plant,
        at(10, site, inject=LOSS),
        at(10 + lasting, site, **BACK),
        seconds=lasting + 700.0,
        settle="10 min",
        every=5.0,
        look=lambda s: float(s.state.view.site.throttled.sum()),
    )
    # generators take load within 10 s (NFPA 110 type 10), and no accelerator notices
    assert run.time_of("supply", "on generators") == pytest.approx(20.0)
    assert max(run.seen) == 0.0
    assert not run.events("racks")
    assert not run.events("critical-bus")
    # cooling did lose its power, and is back in order
    pumps, fans = run.time_of("pumps", "start"), run.time_of("fans", "start")
    air, chillers = run.time_of("air-handlers", "start"), run.time_of("chillers", "1 chillers may")
    assert pumps < fans < air < chillers
    # chillers need minutes
    assert 120.0 <= chillers - run.time_of("bus", "live") <= 300.0
    # back on the grid once that has been good for five minutes
    assert run.time_of("supply", "bus on grid") == pytest.approx(10.0 + lasting + 300.0, abs=1.0)
    ledger = run.simulation.state.view.ledger
    assert ledger.generator_energy[0] > 0.0
    used = ledger.facility_energy[0]
    charged = ledger.stored_electricity[0] - ledger.stored_electricity_start[0]
    assert ledger.grid_energy[0] + ledger.generator_energy[0] - charged == pytest.approx(
        used, rel=1e-9
    )


def test_cooling_shows_the_loss_of_its_power(backed: Plant) -> None:
    run = Run(
        backed,
        at(10, "/site", inject=LOSS),
        seconds=60.0,
        settle="10 min",
        look=lambda s: float(s.state.view.plant.flow[0]),
    )
    flow = np.array(run.seen)
    assert flow[5] > 0.0
    assert np.all(flow[10:21] == 0.0)
    assert flow[-1] > 0.9 * flow[5]


def test_batteries_carry_until_the_rectifiers_have_taken_over(backed: Plant) -> None:
    run = Run(
        backed,
        at(10, "/site", inject=LOSS),
        seconds=60.0,
        look=lambda s: float(s.state.view.hall.ups_battery_power[0]),
    )
    power = np.array(run.seen)
    load = run.value("hall.ups_output")[0]
    assert np.all(power[:10] == 0.0)
    assert np.all(power[10:20] > load)  # and the conversion's loss
    # ten seconds of good input, then ten of walk-in
    assert power[29] > load
    assert np.all(np.diff(power[30:39]) < 0.0)
    assert power[-1] < 0.0  # charging


def test_a_grid_that_comes_back_before_the_generators_is_used(backed: Plant) -> None:
    run = Run(backed, at(10, "/site", inject=LOSS), at(15, "/site", **BACK), seconds=60.0)
    assert run.time_of("supply", "bus on grid") == pytest.approx(18.0)
    assert np.all(run.value("generator.state") == 0.0)
    assert np.all(run.value("generator.fuel") < 86_400.0)
    assert run.value("ledger.generator_energy")[0] == 0.0


def test_without_generators_the_racks_last_as_long_as_the_batteries() -> None:
    plant = plant_of(changed(*SHORT))
    run = Run(plant, at(10, "/site", inject=LOSS), seconds=100.0)
    empty = run.time_of("critical-bus", "dead")
    units = plant.levels["ups"].count
    energy = units * plant.constants.hall.ups_battery_energy[0]
    before = next(e for e in run.simulation.events if e.kind == "critical-bus")
    load = float(before.message.split("dead, ")[1].split(" MW")[0]) * 1e6
    # ideal time less conversion, resistance and the charge that is left
    assert 0.85 < (empty - 10.0) * load / energy < 0.97
    assert np.all(run.value("rack.it_power") == 0.0)
    assert run.value("site.facility_power")[0] == 0.0
    assert np.all(run.value("ups.charge") > 0.0)


def test_racks_boot_after_an_outage_and_lost_work_is_counted() -> None:
    plant = plant_of(changed(*SHORT))
    run = Run(
        plant, at(10, "/site", inject=LOSS), at(100, "/site", **BACK), seconds=600.0, every=5.0
    )
    live = run.time_of("critical-bus", "live")
    assert live == pytest.approx(108.0, abs=3.0)  # reconnected, then the UPS restarts
    assert run.time_of("racks", "boot") == pytest.approx(live + 1.0, abs=1.0)
    assert np.all(run.value("rack.boot_left") == 0.0)
    assert np.all(run.value("rack.pace") > 0.99)
    lost, done = run.value("ledger.lost_operations")[0], run.value("ledger.operations")[0]
    outage = live + 180.0 - run.time_of("critical-bus", "dead")
    assert lost / (lost + done) == pytest.approx(outage / 600.0, abs=0.01)


@pytest.mark.parametrize(
    ("voltage", "duration", "cooling_drops"),
    [
        (0.95, 5.0, False),
        (0.85, 5.0, False),
        (0.6, 0.15, False),
        (0.6, 0.4, True),
        (0.0, 0.01, False),
        (0.0, 0.1, True),
    ],
)
def test_dips(backed: Plant, voltage: float, duration: float, cooling_drops: bool) -> None:
    run = Run(
        backed,
        at(10, "/site", set="dip_voltage", value=voltage),
        at(10, "/site", set="dip_duration", value=duration),
        seconds=90.0,
    )
    assert bool(run.events("pumps")) is cooling_drops
    # the racks sit behind the UPS
    assert not run.events("racks")
    outside = not 0.9 <= voltage <= 1.1
    assert bool(run.events("ups")) is outside
    if duration < 1.0:
        assert not run.events("generator")
    assert run.value("site.source")[0] == 1.0


def test_a_long_sag_starts_the_generators(backed: Plant) -> None:
    run = Run(backed, at(10, "/site", inject="brownout"), seconds=60.0)
    assert run.value("site.source")[0] == 2.0
    assert run.events("grid-lost")[0].message.startswith("grid voltage 85")


def test_one_generator_fewer_is_no_matter_two_are(backed: Plant) -> None:
    one = Run(
        backed,
        at(0, "/site/generator-01", inject="generator-failure"),
        at(10, "/site", inject=LOSS),
        seconds=700.0,
        every=5.0,
    )
    assert not one.events("critical-bus")
    assert one.value("generator.power")[0] == 0.0 < one.value("generator.power")[1]
    both = Run(
        small(*SHORT),
        at(0, "/site", inject="generator-failure"),
        at(10, "/site", inject=LOSS),
        seconds=100.0,
    )
    assert both.events("critical-bus")
    assert both.events("racks")


def test_generators_fail_while_they_carry_the_site(backed: Plant) -> None:
    run = Run(
        backed,
        at(10, "/site", inject=LOSS),
        at(100, "/site", inject="generator-failure"),
        at(160, "/site", clear="generator-failure"),
        seconds=400.0,
    )
    events = [(e.time, e.message) for e in run.events("supply")]
    assert [message.split(",")[0].split(" (")[0] for _, message in events] == [
        "incomer open",
        "bus on generators",
        "incomer open",
        "bus on generators",
    ]
    assert not run.events("racks")


def test_a_generator_runs_dry() -> None:
    plant = small(("sites.0.generators", {**GENERATORS, "fuel": "2 min"}))
    run = Run(plant, at(10, "/site", inject=LOSS), seconds=1500.0, every=5.0)
    dry = run.time_of("generator", "out of fuel")
    load = run.value("ledger.generator_energy")[0] / (dry - 20.0)
    share = load / (2 * 3e6)
    assert dry - 20.0 == pytest.approx(120.0 / (0.08 + 0.92 * share), rel=0.1)


def test_too_weak_generators_carry_what_they_can() -> None:
    products = [
        {"extends": "generic-diesel-generator-3000", "id": "weak-set", "rated_power": "700 kW"}
    ]
    plant = small(
        ("products", products), ("sites.0.generators", {"product": "weak-set", "count": 1})
    )
    run = Run(
        plant,
        at(10, "/site", inject=LOSS),
        seconds=300.0,
        look=lambda s: float(s.state.view.generator.power[0]),
    )
    assert max(run.seen) < 700e3 * 1.05
    assert run.value("hall.ups_share")[0] < 1.0 or run.events("critical-bus")


def test_loss_of_all_hall_transformers_puts_the_racks_on_battery(backed: Plant) -> None:
    run = Run(
        backed,
        at(10, "/site/hall/transformer-01", inject="trip"),
        at(10, "/site/hall/transformer-02", inject="trip"),
        at(10, "/site/hall/transformer-03", inject="trip"),
        seconds=60.0,
    )
    assert run.value("hall.ups_mode")[0] == 3.0
    assert run.value("site.source")[0] == 1.0
    assert run.value("hall.power")[0] == 0.0
    assert not run.events("racks")


def test_a_ups_without_battery_drops_out_of_a_transfer() -> None:
    half = {"extends": "generic-ups-1250", "id": "half-ups", "rated_power": "500 kW"}
    backed = small(("products", [half]), (f"{HALL}.ups.product", "half-ups"))
    ups = backed.levels["ups"].count
    events = [at(0, f"/site/hall/ups-{i:02d}", inject="battery-failure") for i in range(1, ups + 1)]
    run = Run(backed, *events, at(10, "/site", inject=LOSS), seconds=40.0)
    assert run.time_of("critical-bus", "dead") == pytest.approx(10.0)
    # one battery of three left: too much for one inverter
    run = Run(backed, *events[:2], at(10, "/site", inject=LOSS), seconds=40.0)
    assert run.time_of("critical-bus", "dead") == pytest.approx(10.0)
    # two left
    run = Run(backed, *events[:1], at(10, "/site", inject=LOSS), seconds=40.0)
    assert not run.events("critical-bus")
    charge = run.value("ups.charge")
    assert charge[0] == 1.0 > charge[1] == charge[2]


def test_eco_mode_saves_and_still_rides_through() -> None:
    plain = Run(small(), seconds=60.0)
    plant = small((f"{HALL}.ups.mode", "eco"))
    eco = Run(plant, at(60, "/site", inject=LOSS), seconds=120.0)
    assert not eco.events("racks")
    before = Run(plant, seconds=60.0)
    assert before.value("hall.ups_loss")[0] < 0.6 * plain.value("hall.ups_loss")[0]
    # on generators a UPS in eco mode runs in double conversion
    assert eco.value("hall.ups_mode")[0] == 1.0


def test_maintenance_bypass_has_no_loss_and_no_backup(backed: Plant) -> None:
    run = Run(
        backed,
        at(5, "/site/hall", inject="maintenance-bypass"),
        at(20, "/site", inject=LOSS),
        at(300, "/site/hall", clear="maintenance-bypass"),
        seconds=400.0,
        look=lambda s: float(s.state.view.hall.ups_loss[0]),
    )
    assert run.seen[10] == 0.0
    assert run.time_of("critical-bus", "dead") == pytest.approx(20.0)
    assert run.value("hall.ups_mode")[0] == 1.0


def test_an_overloaded_ups_goes_to_bypass_and_comes_back() -> None:
    weak = {"extends": "generic-ups-1250", "id": "weak-ups", "rated_power": "850 kW"}
    plant = small(("products", [weak]), (f"{HALL}.ups", {"product": "weak-ups", "count": 1}))
    run = Run(plant, at(900, "/", set="utilisation", value=0.2), seconds=1400.0, every=5.0)
    load = [e for e in run.simulation.events if e.kind == "ups-overload"]
    assert load
    assert run.time_of("ups", "static bypass") == pytest.approx(load[0].time, abs=1.0)
    assert run.value("hall.ups_mode")[0] == 1.0


def test_aged_batteries_last_shorter() -> None:
    plant = plant_of(changed(*SHORT))
    dead = []
    for events in ((), (at(0, "/site/hall", inject="battery-ageing"),)):
        run = Run(plant, *events, at(10, "/site", inject=LOSS), seconds=100.0, step="0.2 s")
        dead.append(run.time_of("critical-bus", "dead") - 10.0)
    assert dead[1] / dead[0] == pytest.approx(0.6, abs=0.03)


def test_backup_units_carry_racks_without_ups() -> None:
    changes = ((f"{HALL}.ups", ...),)
    bare = plant_of(changed(*changes))
    run = Run(bare, at(10, "/site", inject=LOSS), seconds=20.0)
    assert run.time_of("critical-bus", "dead") == pytest.approx(10.0)
    assert np.all(run.value("rack.it_power") == 0.0)
    backup = (f"{ROW}.backup", {"product": "ocp-orv3-bbu-33kw", "per_rack": 5})
    plant = plant_of(changed(*changes, backup))
    run = Run(plant, at(10, "/site", inject=LOSS), at(130, "/site", **BACK), seconds=600.0)
    assert not run.events("racks")
    charge = run.value("rack.backup_charge") / plant.constants.rack.backup_energy
    assert np.all(charge > 0.5)
    # smaller ones, empty before anything overheats
    little = {"extends": "ocp-orv3-bbu-33kw", "id": "little-bbu", "energy": "0.1 kWh"}
    backup = (f"{ROW}.backup", {"product": "little-bbu", "per_rack": 5})
    plant = plant_of(changed(("products", [little]), *changes, backup))
    run = Run(
        plant,
        at(10, "/site", inject=LOSS),
        seconds=60.0,
        step="0.2 s",
        every=0.2,
        look=lambda s: float(s.state.view.rack.it_power[0]),
    )
    assert 10.0 < run.time_of("racks", "stop") - 10.0 < 20.0
    # what the rack uses on backup is what the units' content falls by
    used = 0.2 * sum(run.seen[50:])
    assert used == pytest.approx(5 * 0.1 * 3.6e6, rel=0.03)


def test_too_few_backup_units_carry_nothing() -> None:
    backup = (f"{ROW}.backup", {"product": "ocp-orv3-bbu-33kw", "per_rack": 1})
    plant = plant_of(changed((f"{HALL}.ups", ...), backup))
    run = Run(plant, at(10, "/site", inject=LOSS), seconds=20.0)
    assert run.time_of("racks", "stop") == pytest.approx(11.0)


def test_a_grid_forming_battery_carries_the_site() -> None:
    plant = small(("sites.0.battery", BATTERY))
    run = Run(plant, at(10, "/site", inject=LOSS), at(40, "/site", **BACK), seconds=400.0)
    assert run.time_of("supply", "site battery") == pytest.approx(10.0)
    # the generators take over when they are ready
    assert run.time_of("supply", "on generators") == pytest.approx(21.0, abs=1.0)
    alone = plant_of(changed(("sites.0.battery", BATTERY)))
    run = Run(alone, at(10, "/site", inject=LOSS), at(40, "/site", **BACK), seconds=400.0)
    assert run.time_of("supply", "bus on grid") == pytest.approx(340.0, abs=1.0)
    assert not run.events("critical-bus")
    plain = {"product": "generic-battery-5mw-10mwh", "count": 1, "carries_site": False}
    run = Run(
        plant_of(changed(("sites.0.battery", plain))), at(10, "/site", inject=LOSS), seconds=40.0
    )
    assert run.value("site.source")[0] == 0.0


def test_peak_shaving_holds_the_threshold_while_it_can() -> None:
    battery = {**BATTERY, "peak_threshold": "1.0 MW"}
    plant = plant_of(changed(("sites.0.battery", battery)))
    run = Run(plant, seconds=300.0, look=lambda s: float(s.state.view.site.grid_power[0]))
    assert np.allclose(run.seen, 1e6, rtol=1e-6)
    fall = 36e9 - run.value("battery.charge")[0]
    given = run.value("site.facility_power")[0] - 1e6
    assert fall > 0.95 * given * 300.0


def feeders(scheme: str, **more: Any) -> tuple[str, Any]:
    return "sites.0.feeders", {"count": 3, "scheme": scheme, "rated_power": "5 MVA", **more}


def test_a_feeder_lost() -> None:
    radial = Run(
        small(feeders("radial")), at(10, "/site/feeder-03", inject="feeder-failure"), seconds=40.0
    )
    # warm and chilled plant and the hall are on one each, in the order of their level
    lost = [e.path for e in radial.simulation.events if e.kind in ("bus", "pumps")]
    assert len(lost) == 0 or lost == ["/site/hall"]
    lost_hall = Run(
        small(feeders("radial"), (f"{HALL}.feeder", 3)),
        at(10, "/site/feeder-03", inject="feeder-failure"),
        seconds=400.0,
        every=5.0,
    )
    assert lost_hall.value("hall.ups_mode")[0] in (0.0, 3.0)
    dual = Run(
        small(feeders("dual"), (f"{HALL}.feeder", 3)),
        at(10, "/site/feeder-03", inject="feeder-failure"),
        seconds=100.0,
    )
    assert dual.events("feeder")
    assert dual.value("hall.ups_mode")[0] == 1.0
    assert dual.value("hall.feeder_in_use")[0] == 0.0
    assert dual.value("feeder.load")[2] == 0.0 < dual.value("feeder.load")[0]
    ring = Run(
        small(feeders("ring"), (f"{HALL}.feeder", 3)),
        at(10, "/site/feeder-03", inject="feeder-failure"),
        seconds=100.0,
    )
    assert ring.time_of("bus", "live") == pytest.approx(40.0, abs=1.0)
    assert not ring.events("racks")


@pytest.mark.parametrize("step", ["0.5 s", "2 s"])
def test_the_step_hardly_matters(backed: Plant, step: str) -> None:
    events = at(10, "/site", inject=LOSS), at(40, "/site", **BACK)
    charges = []
    for chosen in ("1 s", step):
        run = Run(backed, *events, seconds=100.0, every=2.0, step=chosen)
        charges.append(run.value("hall.ups_charge")[0])
        assert not run.events("racks")
    used = 1.0 - np.array(charges)
    assert used[1] == pytest.approx(used[0], rel=0.1)


def test_how_time_is_cut_does_not_matter(backed: Plant) -> None:
    digests = set()
    for every in (1.0, 7.0, 70.0):
        run = Run(
            backed, at(10, "/site", inject=LOSS), at(43, "/site", **BACK), seconds=70.0, every=every
        )
        digests.add(run.simulation.digest())
    assert len(digests) == 1
