"""The layout file: ``schema: twin.layout/1``.

A layout says what stands where and what feeds what; what the things are the catalogue knows. Sites,
plants, halls and rows are generators: with ``count`` they stand for many, named ``<id>-<number>``.
Overrides by path change single elements afterwards.

Lengths are text with a unit; positions are ``[x, y]`` on the ground, x along the rows. Everything
is placed relative to what encloses it: sites on the common ground, halls and plants in their
site, rows in their hall.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from twin import units as u
from twin.bounds import LARGEST_COUNT, PositiveInt
from twin.idle_keys import refuse_idle
from twin.layout.base_models import Bank, Element, Point
from twin.layout.cooling_models import (
    BufferTank,
    CduBank,
    ChillerBank,
    Economiser,
    PumpBank,
    RearDoorBank,
)
from twin.layout.network_models import Network
from twin.layout.override_models import Override
from twin.layout.phase_models import Phases
from twin.layout.power_models import (
    BackupBank,
    BatteryBank,
    CapacitorBank,
    Feeders,
    GeneratorBank,
    Grid,
    PanelBank,
    Restart,
    TransformerBank,
    UpsBank,
    check_systems,
)
from twin.layout.solar_models import Solar
from twin.money import one_currency

Size = tuple[u.Length, u.Length, u.Length]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class Location(Element):
    """Where a site lies on the earth, for weather."""

    latitude: Latitude = Field(description="degrees north")
    longitude: Longitude = Field(description="degrees east")
    elevation: u.Position = Field(default=0.0, description="height above sea level, such as 40 m")
    weather: str = Field(description="id of the bundled weather, such as seoul")
    utc_offset: Annotated[float, Field(ge=-12, le=14)] | None = Field(
        default=None,
        description="hours by which the site's clock is ahead of UTC, all year; left out: the sun "
        "goes by longitude, and times with an offset have no place",
    )


class Generated(Element):
    """An element that may stand for many."""

    id: Identifier = Field(description="name in paths; with `count` the elements are <id>-<number>")
    title: str = Field(default="", description="name for people")
    count: PositiveInt | None = Field(
        default=None, description="number of equal elements; left out: one, named by id alone"
    )
    first: Annotated[int, Field(ge=0, le=LARGEST_COUNT)] = Field(
        default=1, description="number of the first of them"
    )

    @model_validator(mode="after")
    def _nothing_idle(self) -> Generated:
        if self.count is None:
            spread = ("pitch",) if "pitch" in type(self).model_fields else ()
            refuse_idle(self, "without count", "first", *spread)
        return self


class Row(Generated):
    """Rows of racks, each with its aisles, panels and CDUs."""

    racks: PositiveInt = Field(description="racks per row")
    rack: str = Field(description="id of a product of class rack")
    position: Point = Field(
        default=(4.0, 3.0), description="corner of the first row nearest the hall's origin, [x, y]"
    )
    pitch: u.Length = Field(default=3.0, description="distance from row to row, such as 3.0 m")
    rack_pitch: u.Length | None = Field(
        default=None, description="distance from rack to rack; left out: the rack's width"
    )
    facing: Literal["front", "back", "alternate"] = Field(
        default="alternate",
        description="front: towards smaller y; alternate: rows face each other in pairs",
    )
    coolant: str = Field(
        default="PG25", description="technology coolant: water, PG25 (% by volume), MPG25 (% mass)"
    )
    supply_temperature: u.Temperature = Field(
        default=40.0, description="set point of the coolant to the racks, such as 40 degC"
    )
    cdu: CduBank | None = Field(default=None, description="CDUs; liquid-cooled racks need them")
    panels: PanelBank | None = Field(default=None, description="panels or busways feeding the row")
    phases: Literal["balanced", "a", "b", "c", "rotate"] = Field(
        default="balanced",
        description="what racks between conductor and neutral hang on; rotate: one phase each, in "
        "turn; balanced: three-phase racks",
    )
    phase_shares: tuple[u.Share, u.Share, u.Share] | None = Field(
        default=None, description="share of each rack's power on phases a, b, c; left out: `phases`"
    )
    backup: BackupBank | None = Field(
        default=None, description="battery backup units in the racks; left out: none"
    )
    priority: Annotated[int, Field(ge=0, le=9)] = Field(
        default=0, description="racks of the lowest number give power up first"
    )
    rear_doors: RearDoorBank | None = Field(
        default=None, description="rear-door exchangers on the racks; left out: none"
    )
    recirculation_shares: tuple[tuple[u.Share, ...], ...] | None = Field(
        default=None,
        description=(
            "racks x racks: share of each rack's exhaust that each rack draws in; left out: all "
            "breathe the mixed hot aisle by the hall's recirculation"
        ),
    )
    pipe_diameter: u.Length | None = Field(
        default=None, description="bore of the row's coolant headers; left out: sized for the flow"
    )
    return_header: Literal["direct", "reverse"] = Field(
        default="direct",
        description="reverse: led off at the far end, even flow; direct: back at the CDU's end",
    )

    @model_validator(mode="after")
    def _coolant_goes_somewhere(self) -> Row:
        if self.cdu is None:
            keys = ("coolant", "supply_temperature", "pipe_diameter", "return_header")
            refuse_idle(self, "without cdu, which brings the coolant", *keys)
        return self

    @model_validator(mode="after")
    def _one_way_of_phases(self) -> Row:
        if self.phase_shares is None:
            return self
        if self.phases != "balanced":
            raise ValueError("give either phases or phase_shares")
        if abs(sum(self.phase_shares) - 1.0) > 1e-6:
            raise ValueError(f"phase_shares sum to {sum(self.phase_shares):g}, not to 1")
        return self

    @model_validator(mode="after")
    def _square_shares(self) -> Row:
        shares = self.recirculation_shares
        if shares is None:
            return self
        if len(shares) != self.racks or any(len(row) != self.racks for row in shares):
            raise ValueError(f"recirculation_shares must be {self.racks} x {self.racks}")
        for number, row in enumerate(shares, start=1):
            if sum(row) > 1.0 + 1e-9:
                raise ValueError(f"recirculation_shares of rack {number} sum to more than 1")
        return self


class Hall(Generated):
    """A room of racks with its air handling, UPS and unit transformers."""

    position: Point = Field(description="corner nearest the site's origin, [x, y]")
    pitch: Point = Field(default=(0.0, 0.0), description="from one hall to the next, [x, y]")
    size: Size | None = Field(
        default=None, description="[length x, width y, height]; left out: encloses its equipment"
    )
    plant: str = Field(description="plant feeding the CDUs; {n} stands for the hall's number")
    air_plant: str | None = Field(
        default=None, description="plant feeding the CRAH coils; left out: the same plant"
    )
    air_supply_temperature: u.Temperature = Field(
        default=24.0, description="set point of the air leaving the CRAHs, such as 24 degC"
    )
    recirculation: Annotated[u.Share, Field(lt=1)] = Field(
        default=0.05, description="share of the racks' air that comes back from the hot aisle"
    )
    floor_rating: u.FloorLoad | None = Field(
        default=None,
        description="load the floor carries, such as 1200 kg/m**2; left out: not checked",
    )
    ventilation_time: Annotated[u.Duration, Field(gt=0)] = Field(
        default=7200.0, description="time in which outdoor air replaces the room's, such as 2 h"
    )
    crahs: Bank = Field(description="room air handlers of the hall")
    ups: UpsBank | None = Field(
        default=None, description="UPS units; left out: racks on grid power"
    )
    feeder: PositiveInt | None = Field(
        default=None, description="number of the feeder it is on; left out: in turn"
    )
    transformers: TransformerBank | None = Field(
        default=None, description="unit transformers; left out: fed at the rack's voltage"
    )
    capacitors: CapacitorBank | None = Field(
        default=None, description="capacitors on the low-voltage bus; left out: none"
    )
    switchgear: str | None = Field(
        default=None, description="id of a product of class distribution: low-voltage switchboard"
    )
    rows: tuple[Row, ...] = Field(min_length=1, description="rows of racks")

    @model_validator(mode="after")
    def _some_breathe_the_mixed_air(self) -> Hall:
        if all(row.recirculation_shares is not None for row in self.rows):
            refuse_idle(self, "where all rows have recirculation_shares", "recirculation")
        return self

    @model_validator(mode="after")
    def _capacitors_have_a_bus(self) -> Hall:
        if self.capacitors is not None and self.transformers is None:
            raise ValueError("a hall's capacitors need its transformers; give them to the site")
        return self

    @model_validator(mode="after")
    def _panels_fit_systems(self) -> Hall:
        for row in self.rows:
            if row.panels is not None:
                check_systems(row.id, row.panels, self.ups)
        return self


class Plant(Generated):
    """A facility-water loop with pumps and heat rejection, warm (no chillers) or chilled."""

    position: Point = Field(description="corner of its yard nearest the site's origin, [x, y]")
    pitch: Point = Field(default=(0.0, 0.0), description="from one plant to the next, [x, y]")
    columns: PositiveInt | None = Field(
        default=None, description="heat-rejection units side by side along x; left out: near square"
    )
    coolant: str = Field(default="water", description="facility coolant: water, PG25, EG30...")
    supply_temperature: u.Temperature = Field(
        description="set point of the water to the consumers, such as 36 degC"
    )
    heat_rejection: Bank = Field(description="dry coolers or cooling towers")
    pumps: PumpBank = Field(description="facility-water pumps, spares included")
    chillers: ChillerBank | None = Field(
        default=None, description="chillers; left out: free cooling only"
    )
    economiser: Economiser | None = Field(
        default=None, description="waterside economiser; left out: none"
    )
    winter_bypass: bool = Field(
        default=True,
        description="a valve leads water past the coolers when they would cool it too much",
    )
    buffer_tank: BufferTank | None = Field(
        default=None, description="stratified tank on the way to the consumers; left out: none"
    )
    transformers: TransformerBank | None = Field(
        default=None, description="unit transformers of the plant; left out: none of its own"
    )
    capacitors: CapacitorBank | None = Field(
        default=None, description="capacitors on the low-voltage bus; left out: none"
    )
    feeder: PositiveInt | None = Field(
        default=None, description="number of the feeder it is on; left out: in turn"
    )
    distribution_pressure: u.Pressure | None = Field(
        default=None,
        description="held across the consumers; left out: twice the largest consumer's drop",
    )
    header_diameter: u.Length | None = Field(
        default=None, description="bore of the mains; left out: sized for the flow"
    )
    supply_volume: Annotated[u.Volume, Field(gt=0)] | None = Field(
        default=None, description="water on the supply side, buffer included; left out: the mains"
    )
    return_volume: Annotated[u.Volume, Field(gt=0)] | None = Field(
        default=None, description="water on the return side, buffer included; left out: the mains"
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> Plant:
        if self.economiser is not None and self.chillers is None:
            raise ValueError("an economiser needs chillers; without them all cooling is free")
        if self.pumps.required is not None and self.pumps.required > self.pumps.count:
            raise ValueError("pumps.required must not be above pumps.count")
        if self.capacitors is not None and self.transformers is None:
            raise ValueError("a plant's capacitors need its transformers; give them to the site")
        return self


class Site(Generated):
    """A campus behind one grid connection."""

    position: Point = Field(default=(0.0, 0.0), description="origin on the common ground, [x, y]")
    pitch: Point = Field(default=(0.0, 0.0), description="from one site to the next, [x, y]")
    location: Location = Field(description="where on the earth, for weather")
    grid: Grid = Field(description="connection to the public grid")
    transformers: TransformerBank | None = Field(
        default=None, description="main transformers; left out: connected at the halls' voltage"
    )
    feeders: Feeders | None = Field(
        default=None, description="medium-voltage feeders; left out: halls and plants on the bus"
    )
    generators: GeneratorBank | None = Field(default=None, description="standby generators")
    battery: BatteryBank | None = Field(default=None, description="site battery")
    capacitors: CapacitorBank | None = Field(
        default=None, description="capacitors on the medium-voltage bus; left out: none"
    )
    solar: Solar | None = Field(default=None, description="photovoltaic field; left out: none")
    restart: Restart = Field(default=Restart(), description="order of restart after an outage")
    reconnect_delay: u.Duration = Field(
        default=3.0, description="good grid before a dead bus is connected again"
    )
    retransfer_delay: u.Duration = Field(
        default=300.0, description="good grid before the load returns from generators or battery"
    )
    network: Network | None = Field(
        default=None, description="scale-out network; left out: not described"
    )
    substation: Point | None = Field(
        default=None, description="corner of the electrical yard; left out: beside the halls"
    )
    switchgear: str | None = Field(
        default=None, description="id of a product of class distribution: on the site's bus"
    )
    house_power: u.Power = Field(default=0.0, description="lighting, offices, controls")
    plants: tuple[Plant, ...] = Field(min_length=1, description="facility-water plants")
    halls: tuple[Hall, ...] = Field(min_length=1, description="halls")

    @model_validator(mode="after")
    def _nothing_idle_at_the_site(self) -> Site:
        if self.battery is not None and self.grid.ramp_limit is None:
            refuse_idle(self.battery, "without grid.ramp_limit", "holds_ramp", within=("battery",))
        if self.generators is None and self.battery is None:
            refuse_idle(self, "without generators or battery", "retransfer_delay")
        return self


class LayoutModel(Element):
    """A whole layout file."""

    schema_version: Literal["twin.layout/1"] = Field(
        alias="schema", description="twin.layout/1, the version of this format"
    )
    name: Identifier = Field(description="short name, used in files and addresses")
    title: str = Field(default="", description="name for people")
    description: str = Field(default="", description="what it is and what it rests on")
    products: tuple[dict[str, Any], ...] = Field(
        default=(), description="products of its own: whole, or `extends: <id>` and changed keys"
    )
    sites: tuple[Site, ...] = Field(min_length=1, description="sites")
    overrides: tuple[Override, ...] = Field(
        default=(), description="changes of single elements, each element at most once"
    )
    phases: Phases | None = Field(
        default=None, description="what is there, permitted, energised and delivered when"
    )

    @property
    def currency(self) -> str | None:
        """Code of the currency of all prices; None if there are none."""
        return one_currency(
            (f"sites[{number}].grid.{key}", price)
            for number, site in enumerate(self.sites)
            for key, price in site.grid.prices()
        )

    @model_validator(mode="after")
    def _one_currency(self) -> LayoutModel:
        _ = self.currency
        return self
