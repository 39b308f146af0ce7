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

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from twin import units as u

Point = tuple[u.Position, u.Position]
Size = tuple[u.Length, u.Length, u.Length]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class Element(BaseModel):
    """Base of everything in a layout: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bank(Element):
    """A number of equal units of one product."""

    product: str = Field(description="id of a catalogue product or of one in `products`")
    count: PositiveInt = Field(description="number of units, spares included")


class Location(Element):
    """Where a site lies on the earth, for weather."""

    latitude: Latitude = Field(description="degrees north")
    longitude: Longitude = Field(description="degrees east")
    elevation: u.Position = Field(default=0.0, description="height above sea level, such as 40 m")
    weather: str = Field(description="id of the bundled weather, such as seoul")


class Grid(Element):
    """The connection to the public grid."""

    voltage: u.Voltage = Field(description="line voltage of the connection, such as 22.9 kV")
    contract_power: u.Power = Field(description="power the site may draw, such as 100 MW")
    short_circuit_power: u.ApparentPower | None = Field(
        default=None, description="short-circuit power of the grid there, such as 500 MVA"
    )
    power_factor: Annotated[u.Ratio, Field(gt=0.5, le=1)] = Field(
        default=0.98, description="power factor at the connection"
    )
    ramp_limit: u.RampRate | None = Field(
        default=None, description="fastest change of power the grid accepts, such as 10 MW/min"
    )
    price: u.EnergyPrice | None = Field(
        default=None, description="price of energy, such as 150 won/kWh"
    )
    carbon_intensity: u.CarbonIntensity | None = Field(
        default=None, description="carbon dioxide per energy, such as 0.41 kg/kWh"
    )


class Generated(Element):
    """An element that may stand for many."""

    id: Identifier = Field(description="name in paths; with `count` the elements are <id>-<number>")
    title: str = Field(default="", description="name for people")
    count: PositiveInt | None = Field(
        default=None, description="number of equal elements; left out: one, named by id alone"
    )
    first: Annotated[int, Field(ge=0)] = Field(default=1, description="number of the first of them")


class CduBank(Element):
    """Coolant distribution units of each row; racks are shared out in order along the row."""

    product: str = Field(description="id of a product of class cdu")
    per_row: PositiveInt | None = Field(
        default=None, description="units per row; racks are divided evenly"
    )
    racks_per_cdu: PositiveInt | None = Field(
        default=None, description="racks on each unit; the last may have fewer"
    )
    place: Literal["ends", "left", "right"] = Field(
        default="ends", description="where in the row they stand"
    )

    @model_validator(mode="after")
    def _one_rule(self) -> CduBank:
        if (self.per_row is None) == (self.racks_per_cdu is None):
            raise ValueError("give either per_row or racks_per_cdu")
        return self


class PanelBank(Element):
    """Panels or busway runs that feed each row together."""

    product: str = Field(description="id of a product of class distribution")
    per_row: PositiveInt = Field(description="units per row, spares included")


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
    pipe_diameter: u.Length | None = Field(
        default=None, description="bore of the row's coolant headers; left out: sized for the flow"
    )
    return_header: Literal["direct", "reverse"] = Field(
        default="direct",
        description="reverse: led off at the far end, even flow; direct: back at the CDU's end",
    )


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
    crahs: Bank = Field(description="room air handlers of the hall")
    ups: Bank | None = Field(default=None, description="UPS units; left out: racks on grid power")
    transformers: Bank | None = Field(
        default=None, description="unit transformers; left out: fed at the rack's voltage"
    )
    rows: tuple[Row, ...] = Field(min_length=1, description="rows of racks")


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
    pumps: Bank = Field(description="facility-water pumps, spares included")
    chillers: Bank | None = Field(default=None, description="chillers; left out: free cooling only")
    transformers: Bank | None = Field(
        default=None, description="unit transformers of the plant; left out: none of its own"
    )
    distribution_pressure: u.Pressure | None = Field(
        default=None,
        description="held across the consumers; left out: twice the largest consumer's drop",
    )
    header_diameter: u.Length | None = Field(
        default=None, description="bore of the mains; left out: sized for the flow"
    )
    supply_volume: u.Volume | None = Field(
        default=None, description="water on the supply side, buffer included; left out: the mains"
    )
    return_volume: u.Volume | None = Field(
        default=None, description="water on the return side, buffer included; left out: the mains"
    )


class Site(Generated):
    """A campus behind one grid connection."""

    position: Point = Field(default=(0.0, 0.0), description="origin on the common ground, [x, y]")
    pitch: Point = Field(default=(0.0, 0.0), description="from one site to the next, [x, y]")
    location: Location = Field(description="where on the earth, for weather")
    grid: Grid = Field(description="connection to the public grid")
    transformers: Bank | None = Field(
        default=None, description="main transformers; left out: connected at the halls' voltage"
    )
    generators: Bank | None = Field(default=None, description="standby generators")
    battery: Bank | None = Field(default=None, description="site battery")
    substation: Point | None = Field(
        default=None, description="corner of the electrical yard; left out: beside the halls"
    )
    house_power: u.Power = Field(default=0.0, description="lighting, offices, controls")
    plants: tuple[Plant, ...] = Field(min_length=1, description="facility-water plants")
    halls: tuple[Hall, ...] = Field(min_length=1, description="halls")


class Override(Element):
    """A change of one element, by path."""

    path: str = Field(pattern=r"^/", description="path of the element")
    product: str | None = Field(
        default=None, description="another product of the same class (racks, CDUs)"
    )
    enabled: bool | None = Field(default=None, description="false: fitted but out of service")
    position: Point | None = Field(
        default=None, description="centre of its footprint in its hall or yard, [x, y]"
    )
    yaw: u.Angle | None = Field(
        default=None, description="turn about the vertical, such as 180 deg"
    )
    cdu: str | None = Field(default=None, description="racks: name of another CDU of the same row")
    supply_temperature: u.Temperature | None = Field(
        default=None, description="CDUs and plants: set point"
    )


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
