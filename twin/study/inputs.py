"""What the points of a study read: the scenario's document, and the content of every file.

A sweep goes on from kept answers only while all of that is as it was.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twin import yaml_file
from twin.errors import InputError
from twin.study.spec import Study
from twin.yaml_file import Document

MOST_EXPANSIONS = 4096
LONGEST_NAME = 1024


def beside(name: str, file: str) -> str:
    """A name, or the file of that name beside the study."""
    candidate = Path(file).parent / name
    return str(candidate) if candidate.is_file() else name


def scenario_document(
    study: Study, file: str, parameters: Mapping[str, Any]
) -> tuple[Document, tuple[Path, ...]]:
    """The scenario of a study with its bases and parameters filled in, and the files of all bases.

    Raises InputError for what cannot be read, and for parameters without a scenario.
    """
    from twin.scenario import find_scenario
    from twin.scenario_template import expanded

    if study.scenario is None:
        if parameters:
            raise InputError("parameters need a scenario", file, key="vary")
        return Document({"schema": "twin.scenario/1"}, {}, Path(file)), ()
    document = yaml_file.read(find_scenario(beside(study.scenario, file)))
    read = [document.file]

    def base(text: str, within: Document) -> Document:
        here = within.file.parent / text
        found = yaml_file.read(find_scenario(here if here.is_file() else text))
        read.append(found.file)
        return found

    return expanded(document, base, parameters), tuple(read)


def digest(study: Study, file: Path) -> str:
    """SHA-256 of the study and of the content of every file that its points read."""
    from twin.layout.loader import find_layout

    found = hashlib.sha256()

    def add(text: str) -> None:
        found.update(text.encode())
        found.update(b"\0")

    add(json.dumps(study.model_dump(mode="json", exclude={"title", "limits"})))
    read = {find_layout(beside(study.layout, str(file)))}
    for parameters in _parameter_choices(study):
        document, bases = scenario_document(study, str(file), parameters)
        read |= {*bases, *_named(document.data, document.file.parent)}
        for varied in study.vary.values():
            read |= {*_named(list(varied.values), document.file.parent)}
    # sorted by name, so that equal files give equal digests
    for path in sorted(read):
        add(path.name)
        with path.open("rb") as content:
            add(hashlib.file_digest(content, "sha256").hexdigest())
    return found.hexdigest()


def _parameter_choices(study: Study) -> Iterator[dict[str, Any]]:
    """Values of the scenario's parameters that may name other files: every choice of texts."""
    choices: dict[str, list[Any]] = {}
    for varied in study.vary.values():
        if varied.parameter is None:
            continue
        pair = varied.range or varied.normal or ()
        texts = [value for value in varied.values if isinstance(value, str)]
        choices[varied.parameter] = texts or [*varied.values, *pair][:1]
    for chosen in itertools.islice(itertools.product(*choices.values()), MOST_EXPANSIONS):
        yield dict(zip(choices, chosen, strict=True))


def _named(data: Any, folder: Path) -> Iterator[Path]:
    """Files in a folder, or below it, that any text in plain data names."""
    if isinstance(data, Mapping):
        data = list(data.values())
    if isinstance(data, list | tuple):
        for entry in data:
            yield from _named(entry, folder)
    elif isinstance(data, str) and 0 < len(data) <= LONGEST_NAME and "\0" not in data:
        try:
            if (folder / data).is_file():
                yield folder / data
        except OSError:  # too long for a name: text of another kind
            return
