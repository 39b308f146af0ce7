"""What a window adds to the viewer: keys, mouse, timer, smooth edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from viewer.camera import PRESETS

if TYPE_CHECKING:
    from viewer.window import Viewer

TIMER = 30  # ms
CLICK = 4  # pixel a mouse may move between press and release and still have clicked


def key_actions(viewer: Viewer) -> Mapping[str, Callable[[], Any]]:
    """What each key does, by VTK's key symbols."""
    travel = viewer.tools.travel
    return {
        "c": viewer.next_channel,
        "C": lambda: viewer.next_channel(-1),
        "n": viewer.next_layout,
        "p": lambda: viewer.next_layout(-1),
        "space": viewer.playback.toggle_pause,
        "plus": lambda: viewer.playback.change_speed(1),
        "equal": lambda: viewer.playback.change_speed(1),
        "KP_Add": lambda: viewer.playback.change_speed(1),
        "minus": lambda: viewer.playback.change_speed(-1),
        "KP_Subtract": lambda: viewer.playback.change_speed(-1),
        "t": viewer.next_theme,
        "r": lambda: travel.use_preset(viewer.preset),
        "f": travel.fly_to_selection,
        "s": viewer.save_picture,
        "h": lambda: viewer.toggle("help_on"),
        "a": viewer.toggle_fit,
        "l": lambda: viewer.toggle("labels_on"),
        "o": viewer.tools.toggle_flow,
        "w": viewer.tools.toggle_one_line,
        "e": viewer.tools.next_air,
        "k": viewer.tools.toggle_heat,
        "v": viewer.tools.pin,
        "bracketleft": lambda: viewer.tools.to_event(-1),
        "bracketright": lambda: viewer.tools.to_event(1),
        "b": travel.keep_bookmark,
        "B": travel.next_bookmark,
        "g": travel.walk,
        "d": viewer.toggle_difference,
        "i": viewer.tools.toggle_isolation,
        "V": viewer.tools.recorder.toggle,
        "slash": viewer.tools.search.begin,
        "m": viewer.tools.probes.toggle_measure,
        "x": viewer.tools.probes.next_cut,
        "less": lambda: viewer.tools.probes.move_cut(-0.5),
        "greater": lambda: viewer.tools.probes.move_cut(0.5),
        "Up": lambda: travel.move(1, 0),
        "Down": lambda: travel.move(-1, 0),
        "Left": lambda: travel.move(0, -1),
        "Right": lambda: travel.move(0, 1),
        "Prior": lambda: travel.move(0, 0, 1),
        "Next": lambda: travel.move(0, 0, -1),
        "q": viewer.close,
        **{str(k + 1): partial(travel.use_preset, name) for k, name in enumerate(PRESETS)},
    }


def run_window(viewer: Viewer) -> None:
    """Open the viewer's window, draw as its timer asks, and close it at the end."""
    plotter = viewer.plotter
    plotter.show(auto_close=False, interactive=False)
    _connect(viewer)  # after show, which sets a style of its own
    viewer.render()
    interactor = plotter.iren.interactor
    interactor.CreateRepeatingTimer(TIMER)
    try:
        interactor.Start()
    finally:
        viewer.close()


def _connect(viewer: Viewer) -> None:
    from vtkmodules.vtkInteractionStyle import vtkInteractorStyleTerrain

    interactor = viewer.plotter.iren.interactor
    style = vtkInteractorStyleTerrain()
    style.AddObserver("CharEvent", lambda *_: None)  # VTK's own keys would interfere
    viewer.plotter.iren.style = style  # PyVista puts back the style it knows, so it must know ours
    pressed: list[tuple[int, int]] = []

    def press(source: Any, _: str) -> None:
        pressed[:] = [source.GetEventPosition()]

    def release(*_: Any) -> None:
        x, y = interactor.GetEventPosition()
        if pressed and abs(x - pressed[0][0]) + abs(y - pressed[0][1]) < CLICK:
            viewer.click(
                x,
                viewer.plotter.ren_win.GetSize()[1] - 1 - y,
                more=bool(interactor.GetControlKey()),
            )
        pressed.clear()

    # A press gives the mouse to the style alone, so the release is heard as the end of what the
    # style does, never from the interactor.
    interactor.AddObserver("LeftButtonPressEvent", press, 1.0)
    style.AddObserver("EndInteractionEvent", release)
    interactor.AddObserver("TimerEvent", lambda *_: viewer.tick())
    interactor.AddObserver("KeyPressEvent", lambda source, _: viewer.press(source.GetKeySym()))


def supersampling_pass() -> Any:
    """A render pass that draws twice as large each way and averages."""
    from vtkmodules.vtkRenderingOpenGL2 import vtkRenderStepsPass, vtkSSAAPass

    smooth = vtkSSAAPass()
    smooth.SetDelegatePass(vtkRenderStepsPass())
    return smooth
