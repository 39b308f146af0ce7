"""Finding an element of the window by its path: typed after ``/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import InputError
from viewer import hud
from viewer.picking import Hit
from viewer.scene_model import SceneModel
from viewer.text import Panel

if TYPE_CHECKING:
    from viewer.window import Viewer

SHOWN = 8  # most matches listed
SYMBOLS = {"slash": "/", "minus": "-", "underscore": "_", "period": ".", "space": " "}
"""Keys whose symbol is not their letter."""


def paths_of(model: SceneModel) -> list[tuple[str, str, int]]:
    """Path, level and row of every element but accelerators, found by their whole path."""
    out: list[tuple[str, str, int]] = []
    known: dict[str, list[str]] = {}

    def of(level: str) -> list[str]:
        if level not in known:
            table = model.raw["levels"][level]
            parent = table.get("parent")
            above = [""] if parent is None else of(parent)
            rows = table.get("parent_index") or [0] * len(table["names"])
            known[level] = [
                f"{above[0 if parent is None else row]}/{name}"
                for name, row in zip(table["names"], rows, strict=True)
            ]
        return known[level]

    for level, table in model.raw["levels"].items():
        if level != "gpu" and table.get("count"):
            out += [(path, level, row) for row, path in enumerate(of(level))]
    return out


def matches(known: list[tuple[str, str, int]], words: str) -> list[tuple[str, str, int]]:
    """Elements whose path has all the words, the shortest path first."""
    parts = words.lower().split()
    found = [e for e in known if all(p in e[0].lower() for p in parts)] if parts else []
    return sorted(found, key=lambda e: (not e[0].lower().endswith(parts[-1]), len(e[0]), e[0]))


class Search:
    """A line for a path, or parts of one; Enter goes to the first match."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.text: str | None = None
        self._known: list[tuple[str, str, int]] = []

    @property
    def on(self) -> bool:
        """Whether letters go to the line."""
        return self.text is not None

    def begin(self) -> None:
        """Open the line."""
        scene = self.viewer.scene
        assert scene is not None
        self._known = paths_of(scene.model)
        self.text = "/"
        self.viewer.redraw()

    def press(self, key: str) -> None:
        """Take a key (VTK's key symbol) while the line is open."""
        text = self.text or ""
        if key == "Escape":
            self.text = None
        elif key in ("Return", "KP_Enter"):
            self.text = None
            self._go(text)
        elif key == "BackSpace":
            self.text = text[:-1]
        elif key == "Tab":
            found = matches(self._known, text)
            self.text = found[0][0] if found else text
        else:
            letter = SYMBOLS.get(key, key)
            self.text = text + letter if len(letter) == 1 else text
        self.viewer.redraw()

    def _go(self, text: str) -> None:
        scene = self.viewer.scene
        assert scene is not None
        try:
            level, index = scene.model.find(text.strip())
        except InputError:
            found = matches(self._known, text)
            if not found:
                self.viewer.say(f"nothing is called {text}", "limit")
                return
            _, level, index = found[0]
        try:
            centre, _ = scene.model.place(level, index)
        except InputError as error:
            self.viewer.say(str(error).splitlines()[0], "limit")
            return
        self.viewer.choose(Hit(level, index, tuple(centre.tolist()), 0.0))
        self.viewer.tools.travel.fly_to_selection()
        self.viewer.say(scene.model.path(level, index), "ok")

    def panels(self, scale: float) -> list[Panel]:
        """The line and what matches."""
        if self.text is None:
            return []
        found = matches(self._known, self.text)
        rows = [(path, level, "") for path, level, _ in found[:SHOWN]]
        if len(found) > SHOWN:
            rows.append((f"and {len(found) - SHOWN:,} more", "", ""))
        if not found:
            rows = [("nothing yet; Enter takes whole paths of accelerators too", "", "")]
        theme, window = self.viewer.theme, self.viewer.window_size()
        title = f"Go to  {self.text}▏  Enter, Tab, Esc"
        made = hud.table_panel(title, rows, theme, window, scale, "centre")
        return [Panel(made.image, made.x, round(0.2 * window[1]))]
