"""``twin one-line``: the power chain of a layout, solved; what fails, what fits, and a diagram."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.idle_options import refuse_idle
from twin.cli.outputs import check_output
from twin.cli.run import parse_duration

if TYPE_CHECKING:
    from twin.power.flow import Flow
    from twin.power.one_line import OneLine
    from twin.power.phases import PhaseFlow

SHOWN = 12
"""Rows of a long table; ``--all`` shows the rest."""
CURRENT_MARKS = {
    "each conductor": "",
    "the most loaded conductor": " at most",
    "each pole": " DC",
    "each primary conductor": " primary",
}
"""What a branch's current is the current of, and how tables mark it."""


def one_line(
    context: typer.Context,
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    scenario: Annotated[
        str | None, typer.Option(help="Scenario; left out: design load, a summer afternoon")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--for", help="Look after this time (else at the start, at rest)")
    ] = None,
    n_1: Annotated[
        bool, typer.Option("--n-1", help="Take one unit of each bank out, one at a time")
    ] = False,
    capacity: Annotated[
        bool, typer.Option("--capacity", help="Capacity, headroom and stranded power by level")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(help="Write the diagram of the first site here")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows of long tables")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables")] = False,
) -> None:
    """Solve the power chain of a layout: voltages, currents, loadings, losses, power factor."""
    from twin.factory import Factory
    from twin.plant import load_plant
    from twin.power.flow import Solver
    from twin.power.phase_shares import has_phases
    from twin.power.phases import solve as solve_phases
    from twin.steady import solve

    check_output(svg, "--svg", (".svg",))
    if as_json:
        refuse_idle(context, "with --json, which has all rows", "everything")
    if after is None:
        from twin.scenario import load_scenario

        plant = load_plant(layout)
        state = solve(plant, load_scenario(scenario) if scenario is not None else None).state
    else:
        simulation = Factory.load(layout).simulation(scenario)
        simulation.advance(parse_duration(after, "--for"))
        plant, state = simulation.plant, simulation.state
    solver = Solver(plant, tolerance=0.0)
    operating = solver.reader.read(state)
    flow = solver.of(operating)
    answer = _facts(flow)
    uneven = None
    if has_phases(plant):
        uneven = solve_phases(flow)
        answer["phases"] = _phases(uneven)
    if n_1 or capacity:
        from twin.check.cdu_loss import cdu_losses
        from twin.power import capacity as fits
        from twin.power.reliability import rack_availability
        from twin.power.what_if import single_outages

        banks = fits.banks_of(plant)
        if n_1:
            gpus = fits.accelerators(plant)
            answer["usable_gpus"] = {
                "installed": int(gpus.sum()),
                "everything_in_service": int(gpus[fits.usable_racks(plant, banks)].sum()),
                "any_single_unit_out": int(gpus[fits.usable_racks(plant, banks, True)].sum()),
            }
            supply = rack_availability(plant, 0)
            answer["first_rack"] = {
                "availability": supply.availability,
                "failures_per_year": supply.failure_rate * 8760.0 * 3600.0,
                "mean_outage_s": supply.mean_outage,
            }
            losses = [vars(loss) for loss in cdu_losses(plant)]
            answer["largest_cdu_loss"] = max(
                losses, key=lambda loss: loss["accelerators"], default=None
            )
            answer["failures"] = [vars(f) for f in fits.single_failures(plant, banks)]
            answer["outages"] = [
                {"kind": case.kind, "out": case.out, **vars(case.worst)}
                for case in single_outages(solver, operating, banks)
            ]
        if capacity:
            answer["capacity"] = [vars(level) for level in fits.level_capacities(plant, banks)]
    if svg is not None:
        from twin.power.diagram import diagram
        from twin.whole_files import write_file

        write_file(svg, diagram(flow, phases=uneven))
    if as_json:
        print(json.dumps({"layout": plant.name, **answer}))
        return
    _show(answer, everything)
    if svg is not None:
        typer.echo(f"diagram: {svg}")


def _facts(flow: Flow) -> dict[str, Any]:
    """Everything solved, as plain data."""
    import math

    model, result = flow.model, flow.result
    power, reactive = flow.connection()
    factor, loss = flow.connection_power_factor(), flow.loss_by_site()
    net = model.network

    def finite(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    given = {
        (kind, index): float(flow.operating.power[row])
        for row, (kind, index) in enumerate(
            zip(model.loads.kind, model.loads.index.tolist(), strict=True)
        )
        if kind in ("solar", "battery")
    }
    branches = []
    for table, flows, rated in (
        ("lines", result.lines, flow.loadings("lines")),
        ("transformers", result.transformers, flow.loadings("transformers")),
    ):
        closed = getattr(flow.operating, table)
        currents = flow.currents(table)
        branches += [
            {
                "path": model.name(table, k),
                "kind": getattr(model, table).kind[k],
                "closed": bool(closed[k]),
                "power_w": float(flows.from_power[k]),
                "reactive_var": float(flows.from_reactive[k]),
                "current_a": float(currents[k]),
                "current_of": _carrier(model, table, k),
                "loading": finite(rated[k]),
                "loss_w": float(flows.loss[k]),
                "power_factor": float(flows.power_factor[k]),
            }
            for k in range(len(closed))
        ]
    return {
        "sites": [
            {
                "path": model.plant.levels.path("site", s),
                "power_w": float(power[s]),
                "reactive_var": float(reactive[s]),
                "power_factor": float(factor[s]),
                "network_loss_w": float(loss[s]),
                "solar_w": -given["solar", s],
                "battery_w": -given["battery", s],
            }
            for s in range(len(power))
        ],
        "buses": [
            {
                "path": model.name("buses", k),
                "kind": model.buses.kind[k],
                "rated_v": float(net.rated_voltage[k]),
                "voltage_v": float(result.voltage_pu[k] * net.rated_voltage[k]),
                "voltage_pu": float(result.voltage_pu[k]),
                "live": bool(result.energised[k]),
            }
            for k in range(len(net.rated_voltage))
        ],
        "branches": branches,
    }


def _carrier(model: OneLine, table: str, row: int) -> str:
    """What the current of a branch is the current of, a key of CURRENT_MARKS."""
    if table == "transformers":
        return "each primary conductor"
    if model.direct[row]:
        return "each pole"
    return "each conductor" if model.unevenness[row] == 1.0 else "the most loaded conductor"


def _phases(uneven: PhaseFlow) -> list[dict[str, Any]]:
    """Voltages and currents per phase of every panel, as plain data."""
    model = uneven.flow.model
    bus = model.network.lines.to_bus[uneven.panels]
    return [
        {
            "path": model.name("lines", int(line)),
            "voltage_pu": uneven.voltage[bus[k]].tolist(),
            "current_a": abs(uneven.current[k]).tolist(),
            "neutral_a": float(uneven.neutral_current[k]),
            "current_unbalance": float(uneven.current_unbalance[k]),
            "voltage_unbalance_iec": float(uneven.voltage_unbalance[bus[k]]),
            "voltage_unbalance_nema": float(uneven.line_unbalance[bus[k]]),
            "phase_loading": float(uneven.phase_loading[k]),
        }
        for k, line in enumerate(uneven.panels)
    ]


def _watts(power: float) -> str:
    return f"{power / 1e6:,.3f} MW" if abs(power) >= 1e6 else f"{power / 1e3:,.1f} kW"


def _show(answer: dict[str, Any], everything: bool) -> None:
    from twin.cli.tables import show_table

    def table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        shown = rows if everything else rows[:SHOWN]
        show_table(shown, columns, title)
        if len(shown) < len(rows):
            typer.echo(f"and {len(rows) - len(shown)} more: --all")

    table(
        "Grid connections",
        ("", "power", "reactive", "power factor", "network loss"),
        [
            (s["path"], _watts(s["power_w"]), f"{s['reactive_var'] / 1e6:,.3f} Mvar",
             f"{s['power_factor']:.4f}", _watts(s["network_loss_w"]))
            for s in answer["sites"]
        ],
    )  # fmt: skip
    for site in answer["sites"]:
        for key, what in (("solar_w", "from the sun"), ("battery_w", "from the site battery")):
            if abs(site[key]) > 1.0:
                typer.echo(f"{site['path']}: {_watts(site[key])} {what}")
    table(
        "Buses, lowest voltages first",
        ("bus", "rated", "voltage", "of rated"),
        [
            (b["path"], f"{b['rated_v']:,.0f} V", f"{b['voltage_v']:,.1f} V",
             f"{b['voltage_pu']:.2%}" if b["live"] else "dead")
            for b in sorted(answer["buses"], key=lambda b: b["voltage_pu"])
        ],
    )  # fmt: skip
    table(
        "Transformers, feeders and panels, highest loadings first",
        ("branch", "power", "current", "loading", "loss"),
        [
            (b["path"], _watts(b["power_w"]),
             f"{b['current_a']:,.1f} A{CURRENT_MARKS[b['current_of']]}",
             f"{b['loading'] or 0:.1%}" if b["closed"] else "open", _watts(b["loss_w"]))
            for b in sorted(answer["branches"], key=lambda b: -(b["loading"] or 0.0))
        ],
    )  # fmt: skip
    if "phases" in answer:
        table(
            "Panels by phase, most neutral current first",
            ("panel", "voltages", "currents", "neutral", "uneven by", "voltage IEC", "NEMA"),
            [
                (p["path"], " / ".join(f"{v:.2%}" for v in p["voltage_pu"]),
                 " / ".join(f"{i:,.0f}" for i in p["current_a"]) + " A",
                 f"{p['neutral_a']:,.1f} A", f"{p['current_unbalance']:.1%}",
                 f"{p['voltage_unbalance_iec']:.2%}", f"{p['voltage_unbalance_nema']:.2%}")
                for p in sorted(answer["phases"], key=lambda p: -p["neutral_a"])
            ],
        )  # fmt: skip
    if "capacity" in answer:
        table(
            "Capacity by level",
            ("", "banks", "capacity", "one out each", "design load", "headroom", "stranded"),
            [
                (c["kind"], str(c["banks"]), *(_watts(c[key]) for key in
                 ("capacity", "firm", "load", "headroom", "stranded")))
                for c in answer["capacity"]
            ],
        )  # fmt: skip
    if "failures" in answer:
        usable = answer["usable_gpus"]
        typer.echo(
            f"GPUs: {usable['installed']:,} installed; with everything in service "
            f"{usable['everything_in_service']:,} have power, with any single unit of the power "
            f"chain out {usable['any_single_unit_out']:,}"
        )
        loss = answer["largest_cdu_loss"]
        if loss is not None:
            typer.echo(
                f"cooling: every CDU has a loop of its own; losing {loss['path']} takes "
                f"{loss['racks']} racks with {loss['accelerators']:,} GPUs with it"
            )
        supply = answer["first_rack"]
        typer.echo(
            f"supply of the first rack: available {supply['availability']:.6%} of the time, "
            f"{supply['failures_per_year']:.2g} outages a year of "
            f"{supply['mean_outage_s'] / 3600:.1f} h (typical reliability of each kind of unit)"
        )
        table(
            "One unit out: GPUs that may run",
            ("out", "of", "load", "capacity left", "GPUs"),
            [
                (f"{f['path']} ({f['kind']})", str(f["units"]), _watts(f["load"]),
                 _watts(f["capacity"]), f"{f['usable']:,} of {f['gpus']:,}")
                for f in answer["failures"]
            ],
        )  # fmt: skip
        table(
            "One unit out: power flow",
            ("out", "lowest voltage", "there", "highest loading", "there", "unserved"),
            [
                (o["out"], f"{o['voltage']:.2%}", o["bus"], f"{o['loading']:.1%}", o["branch"],
                 _watts(o["unserved"]) if o["unserved"] > 0.5 else "")
                for o in answer["outages"]
            ],
        )  # fmt: skip
