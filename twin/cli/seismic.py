"""``twin seismic``: what an earthquake does to the racks of a layout."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from twin.bounds import LARGEST_SEED
from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import decimal, whole
from twin.extras import need


def seismic(
    context: typer.Context,
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    code: Annotated[
        str, typer.Option(help="Spectrum: kds (KDS 41 17 00), ac156, or gr63 (GR-63 zone 4)")
    ] = "kds",
    zone: Annotated[
        str | None, typer.Option(help="Seismic zone of the KDS: I or II (else the site's)")
    ] = None,
    soil: Annotated[str, typer.Option(help="Soil class of the KDS: S1 to S5")] = "S4",
    height: Annotated[
        float,
        typer.Option(help="Floor in its building for ac156: 0 ground, 1 roof", parser=decimal()),
    ] = 0.0,
    scale: Annotated[float, typer.Option(help="Factor on the spectrum", parser=decimal())] = 1.0,
    anchored: Annotated[
        bool, typer.Option("--anchored", help="Bolted down (else free-standing)")
    ] = False,
    friction: Annotated[
        float, typer.Option(help="Between feet and floor", parser=decimal())
    ] = 0.35,
    frequency: Annotated[
        float, typer.Option(help="Natural frequency of anchored cabinets, Hz", parser=decimal())
    ] = 6.0,
    row: Annotated[str | None, typer.Option(help="Path of one row (else all that differ)")] = None,
    seed: Annotated[
        int, typer.Option(help="Seed of the motion", parser=whole(0, LARGEST_SEED))
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False,
) -> None:
    """Shake the racks of a layout. Exit 0: nothing happens to them, 1: something does."""
    if code == "gr63":
        refuse_idle(context, "with --code gr63", "zone", "soil")
    if code != "ac156":
        refuse_idle(context, f"with --code {code}", "height")
    if anchored:
        refuse_idle(context, "with --anchored", "friction")
    else:
        refuse_idle(context, "without --anchored", "frequency")
    need("robots", "pybullet", what="twin seismic")
    from twin.plant import load_plant
    from twin.rigid.ground_motion import TRUST, Demand, kds_zone
    from twin.rigid.seismic import shake

    plant = load_plant(layout)
    place = plant.sites[0].location
    found = kds_zone(place.latitude, place.longitude)
    demand = Demand(code, zone or found or "I", soil, height, scale)  # type: ignore[arg-type]
    result = shake(plant, demand, seed, anchored, friction, row, frequency)
    if as_json:
        print(
            json.dumps(
                {
                    "demand": vars(demand),
                    "zone_from": "option" if zone else "site" if found else "assumed",
                    "trust": TRUST[demand.code],
                    "anchored": anchored,
                    "seed": seed,
                    "peak_acceleration_m_per_s2": result.peak,
                    "responses": [vars(response) for response in result.responses],
                }
            )
        )
    else:
        peak = " / ".join(f"{a / 9.80665:.2f}" for a in result.peak)
        if code != "gr63":
            whence = "" if zone else ", by the site" if found else ", assumed: not in Korea"
            typer.echo(f"zone {demand.zone}{whence}, soil {soil}")
        typer.echo(f"trust: {TRUST[demand.code]}")
        typer.echo(f"peak acceleration of the floor along x / y / up: {peak} g")
        for response in result.responses:
            for words in response.findings:
                typer.echo(f"{response.path}: {words}")
        worst = max(result.responses, key=lambda response: response.sway, default=None)
        if worst is not None:
            typer.echo(
                f"{len(result.responses)} cabinets {'anchored' if anchored else 'free-standing'}: "
                f"{result.fallen} fall; largest slide {1e3 * result.largest_slide:.0f} mm, largest "
                f"movement of a top {1e3 * worst.sway:.0f} mm ({worst.path})"
            )
            if anchored:
                tension = max(response.anchor_tension for response in result.responses)
                typer.echo(f"largest pull on one of four anchors: {tension / 1e3:.1f} kN")
    raise typer.Exit(1 if any(response.findings for response in result.responses) else 0)
