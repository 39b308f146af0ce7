"""``/docs``: the REST interface as one page without scripts, made from the OpenAPI document."""

from __future__ import annotations

import json
from collections import defaultdict
from html import escape
from typing import Any

from fastapi import FastAPI, Request, Response

from twin.server.state import ServerState

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
  color: #1d2430; background: #fff }
code, pre { font: 13px/1.45 ui-monospace, monospace }
pre { background: #f2f4f7; padding: .6em .8em; overflow-x: auto }
nav a { margin-right: 1em }
details { border: 1px solid #d5dae2; border-radius: 4px; margin: .4em 0; padding: .4em .8em }
summary { cursor: pointer }
summary b { display: inline-block; min-width: 4.5em }
summary span { color: #5b6675; margin-left: 1em }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; border-top: 1px solid #e4e8ee; padding: .2em .6em }
@media (prefers-color-scheme: dark) {
  body { color: #dfe4ec; background: #14181f } pre { background: #1e242d }
  details, td, th { border-color: #343c48 } summary span { color: #98a3b3 } a { color: #7fb2ff }
}
"""
METHODS = ("get", "post", "put", "patch", "delete")


def rest_docs(app: FastAPI, state: ServerState) -> None:
    """Add ``/docs`` and ``/openapi.json`` to an application; each is made once."""
    made: dict[str, bytes] = {}

    def make(name: str) -> bytes:
        if name not in made:
            document = app.openapi()
            made["json"] = json.dumps(document, separators=(",", ":")).encode()
            made["page"] = page(document).encode()
        return made[name]

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return await state.costly.answer(request, lambda: make("page"), "text/html")

    @app.get("/docs.css", include_in_schema=False)
    async def style() -> Response:
        return Response(STYLE, media_type="text/css")

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        return await state.costly.answer(request, lambda: make("json"))


def page(document: dict[str, Any]) -> str:
    """The page for an OpenAPI document."""
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                tag = next(iter(operation.get("tags", ())), "other")
                by_tag[tag].append(_operation(path, method, operation, document))
    links = "".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in by_tag)
    parts = "".join(
        f'<h2 id="{escape(tag)}">{escape(tag)}</h2>{"".join(rows)}' for tag, rows in by_tag.items()
    )
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(info["title"])}: REST</title><link rel="stylesheet" href="docs.css">'
        f"<h1>{escape(info['title'])}: REST</h1>"
        f"<p>{_code(escape(info['description']))}</p>"
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>. With tokens, every '
        "request has the header <code>Authorization: Bearer TOKEN</code>. HEAD is answered "
        "wherever GET is.</p>"
        f"<nav>{links}</nav>{parts}</html>\n"
    )


def _operation(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    rows = [_parameter(each, document) for each in operation.get("parameters", ())]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = _resolved(body.get("schema", {}), document)
    for name, each in schema.get("properties", {}).items():
        needed = name in schema.get("required", ())
        rows.append(_row(name, "body", needed, _resolved(each, document), document))
    parameters = (
        "<table><tr><th>name<th>in<th>value<th>meaning</tr>" + "".join(rows) + "</table>"
        if rows
        else ""
    )
    answers = "".join(
        f"<tr><td>{escape(status)}<td>{escape(_answer(each, document))}"
        f"<td>{escape(each.get('description', ''))}</tr>"
        for status, each in operation["responses"].items()
    )
    call = f"curl -X {method.upper()} " if method != "get" else "curl "
    call += f"http://127.0.0.1:8000{path}"
    if schema:
        call += f" \\\n  -H 'Content-Type: application/json' -d '{_example(schema)}'"
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code>"
        f"<span>{escape(operation.get('summary', ''))}</span></summary>"
        f"<p>{_code(escape(operation.get('description', '')))}</p><pre>{escape(call)}</pre>"
        f"{parameters}<table><tr><th>status<th>answer<th>meaning</tr>{answers}</table></details>"
    )


def _parameter(parameter: dict[str, Any], document: dict[str, Any]) -> str:
    schema = {"description": parameter.get("description", "")} | parameter.get("schema", {})
    return _row(
        parameter["name"], parameter["in"], parameter.get("required", False), schema, document
    )


def _row(
    name: str, place: str, needed: bool, schema: dict[str, Any], document: dict[str, Any]
) -> str:
    value = _kind(schema, document)
    if "default" in schema and schema["default"] is not None:
        value += f", default {json.dumps(schema['default'])}"
    mark = " (needed)" if needed else ""
    return (
        f"<tr><td><code>{escape(name)}</code>{mark}<td>{escape(place)}"
        f"<td>{escape(value)}<td>{escape(schema.get('description', ''))}</tr>"
    )


def _kind(schema: dict[str, Any], document: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        kinds = [_kind(each, document) for each in schema["anyOf"]]
        return " or ".join(kind for kind in kinds if kind != "null")
    if "enum" in schema or "const" in schema:
        return " | ".join(map(str, schema.get("enum", [schema.get("const")])))
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}), document)}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        low_text = "" if low is None else f"{low:g}"
        high_text = "" if high is None else f"{high:g}"
        kind += f" {low_text}..{high_text}"
    if "maxLength" in schema:
        kind += f" up to {schema['maxLength']} characters"
    return kind


def _answer(response: dict[str, Any], document: dict[str, Any]) -> str:
    kinds = []
    for media, content in response.get("content", {}).items():
        schema = content.get("schema")
        plain = media == "application/json" and schema
        kinds.append(_kind(schema, document) if plain else media)
    return ", ".join(kinds)


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found = document.get("components", {}).get("schemas", {}).get(name)
    return found if found is not None and found.get("type") == "object" else schema


def _example(schema: dict[str, Any]) -> str:
    """The body with the keys it must have."""
    samples = {"string": "...", "number": 0, "integer": 0, "boolean": False}
    body = {}
    for name in schema.get("required", ()):
        each = schema["properties"].get(name, {})
        first = next(iter(each.get("enum", ())), samples.get(each.get("type", "string"), "..."))
        body[name] = first
    return json.dumps(body)


def _code(text: str) -> str:
    """Escaped text with what stands in backquotes as code."""
    parts = text.split("`")
    return "".join(
        f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts)
    )
