"""Panels of the rows: which racks they feed, their load and loss, and their own protection.

Racks of a row hang on all its panels alike, or each on some of them (A/B feeds, distributed
redundancy); a rack shares its load evenly over those of its panels that are in service. A panel
whose load stays above its breaker's setting trips by the breaker's inverse-time curve and stays
out until it is reset.
"""

from __future__ import annotations

from physics.electrical.protection import inverse_time_step
from physics.factory.arrays import (
    HALL,
    ONLINE,
    PANEL,
    RACK,
    RACK_LINK,
    ROW,
    ROW_DATA,
    ROW_LINK,
    Floats,
    Indices,
)
from physics.factory.power_journal import PANEL_TRIP, RACKS_UP, ROW_SUPPLY, note
from physics.jit import kernel, law

GREATEST_MULTIPLE = 20.0
"""Of the pick-up current, beyond which the curve is flat (IEC 60255-151)."""
ALMOST = 1.0 - 1e-6
"""Travel at which a panel waits that would trip in the same step as another one of its row."""


@law
def closed(i: int, panel: Floats) -> float:
    """1 for a panel in service with supply to it, 0 otherwise."""
    return panel[ONLINE, i] * panel[PANEL.fed, i] if panel[PANEL.tripped, i] == 0.0 else 0.0


@law
def panels_of_rack(mask: int, first: int, last: int, panel: Floats) -> float:
    """Number of panels in service on which a rack hangs; bit i of the mask is panel first + i."""
    total = 0.0
    for i in range(first, last):
        if (mask >> (i - first)) & 1:
            total += closed(i, panel)
    return total


@kernel()
def switch_rows(
    row_links: Indices,
    rack_links: Indices,
    row: Floats,
    rack: Floats,
    panel: Floats,
    hall: Floats,
    journal: Floats,
    time: float,
) -> None:
    """Which rows, and in rows with separate feeds which racks, have a path for the coming step."""
    for w in range(row.shape[1]):
        first = row_links[ROW_LINK.first_panel, w]
        last = row_links[ROW_LINK.first_panel, w + 1]
        units = 0.0
        for i in range(first, last):
            units += closed(i, panel)
        fed = hall[HALL.fed, row_links[ROW_LINK.hall, w]]
        if units == 0.0 and last > first:
            fed = 0.0
        if fed != row[ROW.fed, w]:
            note(journal, time, ROW_SUPPLY, w, fed, units)
            row[ROW.fed, w] = fed
        if row_links[ROW_LINK.panels_shared, w] == 0:
            for r in range(
                row_links[ROW_LINK.first_rack, w], row_links[ROW_LINK.first_rack, w + 1]
            ):
                mask = rack_links[RACK_LINK.panels, r]
                own = panels_of_rack(mask, first, last, panel)
                rack[RACK.path, r] = 1.0 if own > 0.0 else 0.0


@kernel()
def feed_rows(
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    row: Floats,
    rack: Floats,
    panel: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """Load and loss of every row's panels; panels that have been overloaded for too long trip."""
    for w in range(rows.shape[1]):
        first = row_links[ROW_LINK.first_panel, w]
        last = row_links[ROW_LINK.first_panel, w + 1]
        first_rack = row_links[ROW_LINK.first_rack, w]
        last_rack = row_links[ROW_LINK.first_rack, w + 1]
        used, drawn, up = 0.0, 0.0, 0.0
        for r in range(first_rack, last_rack):
            used += rack[RACK.it_power, r]
            drawn += rack[RACK.feed_power, r]
            if rack[RACK.it_power, r] > 0.0:
                up += 1.0
        row[ROW.it_power, w] = used
        row[ROW.feed_power, w] = drawn
        if up != row[ROW.racks_up, w]:
            note(journal, time + step, RACKS_UP, w, up, row[ROW.racks_up, w])
            row[ROW.racks_up, w] = up
        rating = rows[ROW_DATA.panel_rating, w]
        units = 0.0
        for i in range(first, last):
            units += closed(i, panel)
            panel[PANEL.load, i] = 0.0
        if row_links[ROW_LINK.panels_shared, w] > 0:
            for i in range(first, last):
                if units > 0.0:
                    panel[PANEL.load, i] = closed(i, panel) * drawn / (units * rating)
        else:
            share_rows(first, last, first_rack, last_rack, rating, rack_links, rack, panel)
        loss, greatest = 0.0, 0.0
        for i in range(first, last):
            load = panel[PANEL.load, i]
            loss += rating * rows[ROW_DATA.panel_loss_share, w] * load * load
            greatest = max(greatest, load)
        row[ROW.panel_loss, w] = loss
        row[ROW.panel_load, w] = greatest
        protect_panels(w, first, last, rows, panel, journal, time, step)


@law
def share_rows(
    first: int,
    last: int,
    first_rack: int,
    last_rack: int,
    rating: float,
    rack_links: Indices,
    rack: Floats,
    panel: Floats,
) -> None:
    """Loads of panels in a row whose racks hang on different ones."""
    for r in range(first_rack, last_rack):
        mask = rack_links[RACK_LINK.panels, r]
        own = panels_of_rack(mask, first, last, panel)
        if own == 0.0:
            continue
        share = rack[RACK.feed_power, r] / (own * rating)
        for i in range(first, last):
            if (mask >> (i - first)) & 1:
                panel[PANEL.load, i] += closed(i, panel) * share


@law
def protect_panels(
    w: int,
    first: int,
    last: int,
    rows: Floats,
    panel: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """Overload elements of a row's panels after a step; at most one panel trips in a step.

    Breakers of equal panels never open at the very same instant: the first one that does relieves
    nobody but loads the others more, so the next one follows in its own time.
    """
    pickup = rows[ROW_DATA.trip_pickup, w]
    gone = False
    for i in range(first, last):
        multiple = panel[PANEL.load, i] / pickup
        travel = panel[PANEL.travel, i]
        if multiple <= 1.0 and travel == 0.0:
            continue
        if panel[PANEL.tripped, i] > 0.0:
            panel[PANEL.travel, i] = 0.0
            continue
        travel, instant = inverse_time_step(
            travel,
            multiple,
            step,
            1.0,
            rows[ROW_DATA.trip_k, w],
            rows[ROW_DATA.trip_alpha, w],
            rows[ROW_DATA.trip_c, w],
            rows[ROW_DATA.trip_b, w],
            GREATEST_MULTIPLE,
            rows[ROW_DATA.trip_reset, w],
        )
        if travel >= 1.0:
            if gone:
                travel = ALMOST
            else:
                gone = True
                panel[PANEL.tripped, i] = 1.0
                note(journal, time + min(instant, step), PANEL_TRIP, i, panel[PANEL.load, i], 0.0)
        panel[PANEL.travel, i] = travel
