"""Reports of case results: JUnit XML, JSON, and one self-contained HTML page."""

from __future__ import annotations

import html
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.regression.runner import CaseResult
from twin.whole_files import make_folder, write_file


def as_data(results: Sequence[CaseResult]) -> dict[str, Any]:
    """Results as plain data, schema ``twin.test-report/1``."""
    return {
        "schema": "twin.test-report/1",
        "passed": all(result.passed for result in results),
        "cases": [
            {
                "name": r.name,
                "title": r.title,
                "file": r.file,
                "layout": r.layout,
                "passed": r.passed,
                "error": r.error,
                "error_kind": r.error_kind,
                "expectations": [o.as_dict() | {"because": because} for o, because in r.outcomes],
                "invariants": [o.as_dict() for o in r.invariants],
                "golden": {
                    "state": r.golden_state,
                    "report": list(r.golden),
                    "changes": list(r.changes),
                },
                "figures": r.figures,
                "simulated_s": r.simulated,
                "wall_s": r.wall,
                "events": [dict(zip(("time", "path", "kind", "message"), e)) for e in r.events],
            }
            for r in results
        ],
    }


def write_json(results: Sequence[CaseResult], file: Path) -> None:
    """Write the results as JSON; raises InputError when the file cannot be written."""
    _write(file, json.dumps(as_data(results), indent=1))


def write_junit(results: Sequence[CaseResult], file: Path) -> None:
    """Write the results as JUnit XML: a suite per case, a test per expectation and invariant."""
    root = ET.Element("testsuites")
    for result in results:
        suite = ET.SubElement(root, "testsuite", name=result.name, time=f"{result.wall:.3f}")
        entries = [(o.text, o.status != "passed", o.found) for o, _ in result.outcomes]
        entries += [(o.text, o.status != "passed", o.found) for o in result.invariants]
        if result.golden_state not in ("none",):
            entries.append(
                ("golden recording", result.golden_state == "failed", "\n".join(result.golden))
            )
        if result.error:
            case = ET.SubElement(suite, "testcase", classname=result.name, name="run")
            ET.SubElement(
                case, "error", message=_xml_text(result.error.splitlines()[0])
            ).text = _xml_text(result.error)
        for name, failed, found in entries:
            case = ET.SubElement(suite, "testcase", classname=result.name, name=_xml_text(name))
            if failed:
                ET.SubElement(
                    case, "failure", message=_xml_text(found.splitlines()[0])
                ).text = _xml_text(found)
        suite.set("tests", str(len(entries) + bool(result.error)))
        suite.set("failures", str(sum(failed for _, failed, _ in entries)))
        suite.set("errors", str(int(bool(result.error))))
    ET.indent(root)
    _write(file, '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode") + "\n")


def _xml_text(text: str) -> str:
    """Text without the control characters that XML has no way to write."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)


def _write(file: Path, text: str) -> None:
    make_folder(file.parent)
    write_file(file, text)


STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #2e7d32; --bad: #c62828; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
         vertical-align: top; }
th { font-weight: 600; } code { font: 13px/1.4 ui-monospace, monospace; }
.passed { color: var(--good); } .failed, .undecided { color: var(--bad); }
.why { opacity: .75; } pre { white-space: pre-wrap; font: 13px/1.4 ui-monospace, monospace; }
svg { max-width: 100%; height: auto; background: #fff; } details { margin: .4rem 0; }
"""


def page(title: str, body: str) -> str:
    """A self-contained HTML page."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>'
        f"{html.escape(title)}</title><meta name=viewport content='width=device-width'>"
        f"<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def write_html(results: Sequence[CaseResult], file: Path) -> None:
    """Write one HTML page with everything: verdicts, findings, pictures, events."""
    passed = sum(result.passed for result in results)
    rows = "".join(
        f"<tr><td><a href='#{html.escape(r.name)}'>{html.escape(r.name)}</a></td>"
        f"<td>{html.escape(r.title)}</td><td class={_mark(r)}>{_mark(r)}</td>"
        f"<td>{sum(o.passed for o, _ in r.outcomes)} of {len(r.outcomes)}</td>"
        f"<td>{r.golden_state}</td><td>{r.wall:.1f} s</td></tr>"
        for r in results
    )
    body = (
        f"<h1>{passed} of {len(results)} cases passed</h1><table><tr><th>Case<th>Title<th>"
        f"Result<th>Expectations<th>Golden<th>Time</tr>{rows}</table>"
        + "".join(_section(result) for result in results)
    )
    _write(file, page("Physics regression", body))


def _mark(result: CaseResult) -> str:
    return "passed" if result.passed else "failed"


def _section(result: CaseResult) -> str:
    parts = [
        f"<h2 id='{html.escape(result.name)}'>{html.escape(result.title or result.name)} "
        f"<span class={_mark(result)}>{_mark(result)}</span></h2>"
    ]
    if result.description:
        parts.append(f"<p>{html.escape(result.description)}</p>")
    if result.error:
        parts.append(f"<pre class=failed>{html.escape(result.error)}</pre>")
    rows = ""
    for outcome, because in result.outcomes:
        why = f"<div class=why>{html.escape(because)}</div>" if because else ""
        rows += (
            f"<tr><td class={outcome.status}>{outcome.status}</td>"
            f"<td><code>{html.escape(outcome.text)}</code>{why}</td>"
            f"<td>{html.escape(outcome.found)}</td>"
            f"<td>{result.pictures.get(outcome.text, '')}</td></tr>"
        )
    for outcome in result.invariants:
        rows += (
            f"<tr><td class={outcome.status}>{outcome.status}</td>"
            f"<td>{html.escape(outcome.text)}</td><td>{html.escape(outcome.found)}</td>"
            "<td></td></tr>"
        )
    if rows:
        parts.append(f"<table>{rows}</table>")
    if result.golden or result.changes:
        lines = "\n".join([*result.golden, *result.changes])
        parts.append(f"<pre>golden recording: {result.golden_state}\n{html.escape(lines)}</pre>")
    if result.plot:
        plot = Path(result.plot).read_text(encoding="utf-8")
        parts.append(plot[plot.index("<svg") :])
    if result.events:
        lines = "\n".join(
            f"{time:8.0f} s  {path}  {kind}: {message}"
            for time, path, kind, message in result.events
        )
        parts.append(
            f"<details><summary>{len(result.events)} events</summary>"
            f"<pre>{html.escape(lines)}</pre></details>"
        )
    if result.figures:
        lines = "\n".join(f"{name:28} {value:.6g}" for name, value in result.figures.items())
        parts.append(
            f"<details><summary>key figures</summary><pre>{html.escape(lines)}</pre></details>"
        )
    return "".join(parts)
