"""The sources of a report: every product's figures with trust marks."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

MARKS = {
    "A": "read in a primary or machine-readable source",
    "B": "one secondary source",
    "C": "engineering estimate, or not read at its source: confirm before relying on it",
}


def sources_section(about: Mapping[str, Any]) -> str:
    """Table of products with the counts of their marks, and every source below."""
    products = about.get("products") or []
    if not products:
        return (
            '<div class="card">The recording was made by a version that did not keep the '
            "products' sources.</div>"
        )
    legend = " ".join(
        f'<span class="mark {mark}">{mark}</span> {html.escape(meaning)};'
        for mark, meaning in MARKS.items()
    )
    rows = "".join(_row(product) for product in products)
    details = "".join(_details(product) for product in products)
    return (
        f'<p class="soft">{legend} unmarked figures were given in the layout.</p>'
        '<div class="card"><table><tr><th>Product</th><th>Class</th>'
        + "".join(f'<th class="n">{mark}</th>' for mark in MARKS)
        + f"</tr>{rows}</table>{details}</div>"
    )


def _counts(product: Mapping[str, Any]) -> Counter[str]:
    return Counter(str(figure["mark"]) for figure in product["figures"])


def _row(product: Mapping[str, Any]) -> str:
    counts = _counts(product)
    return (
        f"<tr><td>{html.escape(product['title'])} <code class=soft>{html.escape(product['id'])}"
        f"</code></td><td>{html.escape(product['class'])}</td>"
        + "".join(f'<td class="n">{counts[mark] or ""}</td>' for mark in MARKS)
        + "</tr>"
    )


def _details(product: Mapping[str, Any]) -> str:
    grouped: dict[tuple[str, str], list[str]] = {}
    for figure in product["figures"]:
        name = re.sub(r"\[\d+\]", "", str(figure["key"])).replace("_", " ")
        text = f"{name} {figure['value']}" if len(str(figure["value"])) < 30 else name
        grouped.setdefault((str(figure["mark"]), str(figure["source"])), []).append(text)
    rows = "".join(
        f'<tr><td><span class="mark {mark}">{mark}</span></td><td>{html.escape("; ".join(keys))}'
        f"</td><td>{html.escape(source)}</td></tr>"
        for (mark, source), keys in sorted(grouped.items())
    )
    if not rows:
        return ""
    return (
        f"<details><summary>{html.escape(product['title'])}</summary><table><tr><th></th>"
        f"<th>Figures</th><th>Source</th></tr>{rows}</table></details>"
    )
