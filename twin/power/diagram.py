"""The one-line diagram of a solved plant as SVG: what feeds what, voltages and loadings."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

import numpy as np

from twin.power.capacitors import banks_in, steps_of
from twin.power.flow import Flow
from twin.power.phases import PhaseFlow

WIDTH, STEP, MARGIN = 168, 92, 24
SIDE_BY_SIDE = 6
"""Equal branches drawn singly; of more the first ones, and a box for the others."""
COLOURS = ((0.8, "#1d7a46"), (1.0, "#b7791f"), (float("inf"), "#c0392b"))
"""Of a loading up to each value: fine, full, over."""

BUSES = {"grid": "site", "mv": "site", "hall-lv": "hall", "ups": "hall", "ups-system": "ups_system",
         "plant-lv": "plant"}  # fmt: skip
BANKS = {"main-transformer": "site_transformer", "hall-transformer": "hall_transformer",
         "plant-transformer": "plant_transformer"}  # fmt: skip
LOADS = {"house": "site", "solar": "site", "battery": "site", "air": "hall", "coolant": "hall",
         "system-coolant": "ups_system", "drives": "plant", "chillers": "plant"}  # fmt: skip
"""Level of the element that a kind of bus, bank or load belongs to."""


@dataclass
class Node:
    """A box of the diagram with what it feeds.

    lines : of text; loading : of the rating or None; bus : drawn as a busbar
    path : of the element it stands for, the first one of several; empty without one
    """

    lines: list[str]
    loading: float | None = None
    bus: bool = False
    dead: bool = False
    path: str = ""
    children: list[Node] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        return sum(child.leaves for child in self.children) or 1


def _volts(voltage: float) -> str:
    return f"{voltage / 1e3:,.2f} kV" if voltage >= 1e3 else f"{voltage:,.0f} V"


def _watts(power: float) -> str:
    return f"{power / 1e6:,.2f} MW" if power >= 1e6 else f"{power / 1e3:,.0f} kW"


class _Tree:
    """Nodes of a solved plant."""

    def __init__(self, flow: Flow, phases: PhaseFlow | None = None) -> None:
        self.phases = phases
        self.flow, self.model, self.plant = flow, flow.model, flow.model.plant
        self.name = self.plant.levels
        self.load_at: dict[tuple[str, int], float] = {}
        loads = self.model.loads
        for row, (kind, index) in enumerate(zip(loads.kind, loads.index.tolist(), strict=True)):
            self.load_at[kind, index] = float(flow.operating.power[row])

    def bus(self, kind: str, index: int, title: str) -> Node:
        row = self.model.bus_of[kind, index]
        share = float(self.flow.result.voltage_pu[row])
        live = bool(self.flow.result.energised[row])
        rated = float(self.model.network.rated_voltage[row])
        text = f"{_volts(rated)} bus, {share:.1%}" if live else f"{_volts(rated)} bus, dead"
        return Node([title, text], bus=True, dead=not live, path=self.name.path(BUSES[kind], index))

    def transformers(self, kind: str, first: int, last: int) -> list[str | float]:
        """Text and loading of a bank between two rows of its level; nothing without one."""
        if last <= first:
            return []
        model = self.model
        rows = [
            row
            for row in model.transformers.rows(kind)
            if first <= model.transformers.index[row] < last
        ]
        on = int(self.flow.operating.transformers[rows].sum())
        loading = float(self.flow.loadings("transformers")[rows].max())
        rating = float(model.network.transformers.rated_power[rows[0]])
        return [f"{on} of {last - first} x {rating / 1e6:g} MVA", loading]

    def bank(self, kind: str, title: str, first: int, last: int, below: Node) -> Node:
        text = self.transformers(kind, first, last)
        if not text:
            return below
        path = self.name.path(BANKS[kind], first)
        return Node([title, str(text[0])], float(text[1]), path=path, children=[below])

    def load(self, kind: str, index: int, title: str) -> list[Node]:
        power = self.load_at[kind, index]
        path = self.name.path(LOADS[kind], index)
        return [Node([title, _watts(power)], path=path)] if abs(power) > 1.0 else []

    def capacitors(self, level: str, index: int) -> list[Node]:
        """A bank's box, if the element has one."""
        return [
            Node(["capacitors", f"{steps_of(bank, self.flow.operating)} of {bank.model.count} x "
                                f"{bank.model.rated_power / 1e6:g} Mvar"])
            for bank in banks_in(self.model)
            if (bank.level, bank.index) == (level, index)
        ]  # fmt: skip

    def site(self, s: int) -> Node:
        c, flow = self.plant.constants, self.flow
        power, reactive = flow.connection()
        factor = flow.connection_power_factor()[s]
        top = self.bus("grid", s, f"{self.name.path('site', s)}  grid")
        top.lines.append(f"{_watts(float(power[s]))}, {reactive[s] / 1e6:,.2f} Mvar, "
                         f"power factor {factor:.3f}")  # fmt: skip
        mv = self.bus("mv", s, "site's bus")
        first = c.site.first_transformer
        below = self.bank("main-transformer", "main transformers", int(first[s]),
                          int(first[s + 1]), mv)  # fmt: skip
        top.children = [below]
        halls = [self.hall(h) for h in np.flatnonzero(c.hall.site == s).tolist()]
        plants = [self.yard(p) for p in np.flatnonzero(c.plant.site == s).tolist()]
        others = self.load("house", s, "house load")
        others += self.load("solar", s, "photovoltaic field")
        others += self.load("battery", s, "site battery")
        generators = int(np.diff(c.site.first_generator)[s])
        if generators:
            rows = self.model.sources.rows("generators")
            of_site = {int(i): float(flow.result.source_power[r]) for r, i in
                       zip(rows, self.model.sources.index[rows], strict=True)}  # fmt: skip
            others.append(Node([f"{generators} generators", _watts(abs(of_site.get(s, 0.0)))]))
        others += self.capacitors("site", s)
        mv.children = [*shortened(halls, "halls"), *shortened(plants, "plants"), *others]
        return top

    def hall(self, h: int) -> Node:
        c = self.plant.constants
        low = self.bus("hall-lv", h, self.name.path("hall", h))
        units = int(np.diff(c.hall.first_ups)[h])
        rows = [self.row(w) for w in range(int(c.hall.first_row[h]), int(c.hall.first_row[h + 1]))]
        critical = low
        systems = range(int(c.hall.first_system[h]), int(c.hall.first_system[h + 1]))
        if systems:
            low.children = [self.system(h, k) for k in systems]
        elif units:
            critical = self.bus("ups", h, "behind the UPS")
            rating = float(c.stages.rated_power[c.hall.ups_stage[h]])
            taken = self.load_at["rectifier", h]
            low.children = [Node([f"{units} UPS x {_watts(rating)}", _watts(taken)],
                                 taken / units / rating, children=[critical],
                                 path=self.name.path("ups", int(c.hall.first_ups[h])))]  # fmt: skip
        if not systems:
            critical.children += [*shortened(rows, "rows"), *self.load("coolant", h, "CDUs")]
        low.children += self.load("air", h, "air handlers")
        low.children += self.capacitors("hall", h)
        first = c.hall.first_transformer
        return self.bank("hall-transformer", "transformers", int(first[h]), int(first[h + 1]), low)

    def system(self, h: int, k: int) -> Node:
        """A UPS system with its bus and the rows' panels that hang on it now."""
        c = self.plant.constants
        units = int(np.diff(c.ups_system.first_ups)[k])
        rating = float(c.stages.rated_power[c.hall.ups_stage[h]])
        taken = self.load_at["system-rectifier", k]
        bus = self.bus("ups-system", k, f"behind {self.name.path('ups_system', k)}")
        closed = dict(zip(
            zip(self.model.switches.kind, self.model.switches.index.tolist(), strict=True),
            self.flow.operating.switches.tolist(), strict=True,
        ))  # fmt: skip
        rows: dict[int, list[int]] = {}
        waiting: set[int] = set()
        of_row = self.plant.levels["panel"].parent_index
        for i in range(len(of_row)):
            own, other = int(c.panel.system[i]), int(c.panel.alternate[i])
            on = own if other < 0 or closed["preferred", i] else other
            if closed.get(("alternate", i), True) or closed.get(("preferred", i), True):
                if on == k:
                    rows.setdefault(int(of_row[i]), []).append(i)
                    continue
            if k in (own, other):
                waiting.add(i)
        bus.children = shortened([self.part(w, panels) for w, panels in rows.items()], "rows")
        bus.children += self.load("system-coolant", k, "CDUs")
        if waiting:
            text = f"{len(waiting)} panel{'s' * (len(waiting) > 1)}, not on it now"
            bus.children.append(Node(["transfer switches", text]))
        return Node([self.name.path("ups_system", k).rsplit("/", 1)[1],
                     f"{units} UPS x {_watts(rating)}", _watts(taken)],
                    taken / units / rating, children=[bus],
                    path=self.name.path("ups_system", k))  # fmt: skip

    def part(self, w: int, panels: list[int]) -> Node:
        """Those panels of a row that hang on one UPS system."""
        c, model = self.plant.constants, self.model
        lines = [r for r in model.lines.rows("panel") if model.lines.index[r] in panels]
        loading = float(self.flow.loadings("lines")[lines].max())
        power = sum(self.load_at["racks", i] for i in panels)
        first = int(c.hall.first_system[c.row.hall[w]])
        ways = {
            f"{c.panel.system[i] - first + 1}/{c.panel.alternate[i] - first + 1}"
            for i in panels if c.panel.alternate[i] >= 0
        }  # fmt: skip
        switch = f", STS {', '.join(sorted(ways))}" if ways else ""
        numbers = ", ".join(self.name.path("panel", i).rsplit("-", 1)[1] for i in panels)
        return Node(
            [f"{self.name.path('row', w).rsplit('/', 1)[1]}, panel {numbers}",
             f"{_watts(float(c.row.panel_rating[w]))} each{switch}", _watts(power),
             *self.amperes(lines)],
            loading,
            path=self.name.path("panel", panels[0]),
        )  # fmt: skip

    def row(self, w: int) -> Node:
        c, model = self.plant.constants, self.model
        first, last = int(c.row.first_panel[w]), int(c.row.first_panel[w + 1])
        lines = [r for r in model.lines.rows("panel") if first <= model.lines.index[r] < last]
        loading = float(self.flow.loadings("lines")[lines].max())
        on = int(self.flow.operating.lines[lines].sum())
        racks = int(c.row.first_rack[w + 1] - c.row.first_rack[w])
        volts = self.flow.result.voltage_pu[[model.bus_of["panel", i] for i in range(first, last)]]
        power = sum(self.load_at["racks", i] for i in range(first, last))
        return Node(
            [self.name.path("row", w).rsplit("/", 1)[1],
             f"{on} of {last - first} x {_watts(float(c.row.panel_rating[w]))}",
             f"{racks} racks, {_watts(power)}, {float(volts.max()):.1%}", *self.amperes(lines)],
            loading,
            path=self.name.path("row", w),
        )  # fmt: skip

    def amperes(self, lines: list[int]) -> list[str]:
        """Currents of the phases and the neutral of the most uneven of some panels, if solved."""
        if self.phases is None:
            return []
        own = np.flatnonzero(np.isin(self.phases.panels, lines))
        if not len(own):
            return []
        worst = int(own[np.argmax(self.phases.neutral_current[own])])
        sizes = "/".join(f"{value:.0f}" for value in np.abs(self.phases.current[worst]))
        return [f"{sizes}, N {self.phases.neutral_current[worst]:.0f} A"]

    def yard(self, p: int) -> Node:
        c = self.plant.constants
        low = self.bus("plant-lv", p, self.name.path("plant", p))
        low.children = [*self.load("drives", p, "pumps and fans"),
                        *self.load("chillers", p, "chillers"),
                        *self.capacitors("plant", p)]  # fmt: skip
        first = c.plant.first_transformer
        return self.bank("plant-transformer", "transformers", int(first[p]), int(first[p + 1]), low)


def shortened(nodes: list[Node], what: str) -> list[Node]:
    """The first of many equal branches, the others as one box with their worst loading."""
    if len(nodes) <= SIDE_BY_SIDE:
        return nodes
    rest = nodes[SIDE_BY_SIDE - 1 :]
    worst = max((n.loading for n in _all(rest) if n.loading is not None), default=None)
    text = "" if worst is None else "highest loading"
    return [*nodes[: SIDE_BY_SIDE - 1], Node([f"and {len(rest)} more {what}", text], worst)]


def _all(nodes: list[Node]) -> list[Node]:
    return [n for node in nodes for n in (node, *_all(node.children))]


def diagram(flow: Flow, site: int = 0, phases: PhaseFlow | None = None) -> str:
    """SVG of one site; with ``phases``, currents of the most uneven panel of every row."""
    root = _Tree(flow, phases).site(site)
    parts: list[str] = []
    depth = _draw(root, 0.0, 0, parts)
    width = 2 * MARGIN + root.leaves * WIDTH
    height = 2 * MARGIN + (depth + 1) * STEP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="white"/>'
    )
    return head + "".join(parts) + "</svg>\n"


def _draw(node: Node, left: float, depth: int, parts: list[str]) -> int:
    """Draw a node in the middle of its leaves; returns the depth of its deepest descendant."""
    span = node.leaves * WIDTH
    x, y = MARGIN + left + span / 2, MARGIN + depth * STEP
    deepest, begin = depth, left
    for child in node.children:
        middle = MARGIN + begin + child.leaves * WIDTH / 2
        top = y + (58 if not node.bus else 50)
        below = MARGIN + (depth + 1) * STEP
        parts.append(
            f'<path d="M{x if not node.bus else middle:.0f} {top:.0f} '
            f'V{below - 8:.0f} H{middle:.0f} V{below:.0f}" fill="none" stroke="#52606d"/>'
        )
        deepest = max(deepest, _draw(child, begin, depth + 1, parts))
        begin += child.leaves * WIDTH
    parts.append(f'<g data-path="{escape(node.path)}">' if node.path else "<g>")
    colour = "#52606d"
    if node.loading is not None:
        colour = next(c for limit, c in COLOURS if node.loading <= limit)
    if node.bus:
        half = max(span - 28, WIDTH - 28) / 2
        shade = "#9aa5b1" if node.dead else "#102a43"
        parts.append(
            f'<path d="M{x - half:.0f} {y + 48:.0f} H{x + half:.0f}" stroke="{shade}" '
            'stroke-width="4"/>'
        )
        if depth:
            parts.append(f'<path d="M{x:.0f} {y:.0f} V{y + 48:.0f}" stroke="#52606d"/>')
    else:
        parts.append(
            f'<rect x="{x - WIDTH / 2 + 8:.0f}" y="{y:.0f}" width="{WIDTH - 16}" height="58" '
            f'rx="4" fill="white" stroke="{colour}" stroke-width="1.5"/>'
        )
    lines = list(node.lines)
    if node.bus and node.leaves == 1:  # no wider than its one branch
        lines = [part for line in lines for part in line.split(", ")]
    if node.loading is not None:
        lines[-1] += f", {node.loading:.0%}" if len(lines) < 3 else ""
        if len(lines) >= 3:
            lines[1] += f", {node.loading:.0%}"
    anchor, shift = ("start", 8) if node.bus else ("middle", 0)
    for k, line in enumerate(lines):
        weight = "bold" if k == 0 else "normal"
        text_colour = colour if k and node.loading is not None else "#102a43"
        parts.append(
            f'<text x="{x + shift:.0f}" y="{y + 14 + 14 * k:.0f}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="{text_colour}">{escape(line)}</text>'
        )
    parts.append("</g>")
    return deepest
