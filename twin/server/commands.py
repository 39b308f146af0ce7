"""Commands as they come in, over websocket or REST: checked, carried out, answered."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import Future
from typing import Any

from twin.controls import Command
from twin.errors import InputError, near_matches
from twin.server.keeping import Busy
from twin.server.security import Role, User
from twin.server.session import Session
from twin.server.subscription import parse_speed

STATE_COMMANDS = ("set", "inject", "clear")
COMMANDS = (*STATE_COMMANDS, "pause", "resume", "step", "speed", "seek")
TAKES: dict[str, tuple[str, ...]] = {
    "set": ("path", "key", "value"),
    "inject": ("path", "key"),
    "clear": ("path", "key"),
    "pause": (),
    "resume": (),
    "step": ("value",),
    "speed": ("value",),
    "seek": ("value",),
}
"""What each command takes beside its name."""
LONGEST_TEXT = 1000
LONGEST_KEEPING = 5.0  # s until a command is answered that the disk does not take


class Forbidden(InputError):
    """The user's role does not allow it."""


async def carry_out(session: Session, message: dict[str, Any], user: User) -> dict[str, Any]:
    """Carry out one command and return what to answer.

    Raises
    ------
    InputError : unknown command, path, key or fault, value out of limits
    Forbidden : the user may only look
    Busy, Gone : the session cannot take it now
    """
    name = message.get("name")
    if not isinstance(name, str) or name not in COMMANDS:
        raise InputError(
            "unknown command",
            key="name",
            found=repr(name)[:80],
            allowed=near_matches(str(name)[:80], [*COMMANDS]),
        )
    if user.role < Role.operate:
        raise Forbidden(
            "this token may only look",
            key="name",
            found=name,
            allowed="a token with the role operate or admin",
        )
    for key in ("path", "key", "value"):
        if message.get(key) is not None and key not in TAKES[name]:
            raise InputError(
                f"{key} has no effect with {name}",
                key=key,
                found=repr(message[key])[:80],
                allowed=f"{', '.join(TAKES[name])}" if TAKES[name] else "the name alone",
            )
    if name in STATE_COMMANDS:
        command = _state_command(name, message)
        applied, kept = await asyncio.wrap_future(
            session.call(lambda: session.change(command, user.name))
        )
        await _until_stored(kept)
        return {
            "elements": applied.elements,
            "before": _plain(applied.before),
            "after": _plain(applied.after),
            "time": session.subject.time,
        }
    value = message.get("value")
    if name in ("pause", "resume"):
        await asyncio.wrap_future(
            session.call(lambda: session.set_paused(name == "pause", user.name))
        )
    elif name == "speed":
        speed = parse_speed(value)
        await asyncio.wrap_future(session.call(lambda: session.set_speed(speed, user.name)))
    elif name == "step":
        count = 1 if value is None else value
        whole = isinstance(count, int) or (isinstance(count, float) and count.is_integer())
        if isinstance(count, bool) or not whole:
            raise InputError(
                "number of steps is not a whole number", key="value", found=repr(count)[:80]
            )
        await _twice(session.call(lambda: session.run_steps(int(count), user.name)))
    else:
        moment = value
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            raise InputError(
                "time is not a number of seconds", key="value", found=repr(moment)[:80]
            )
        await _twice(session.call(lambda: session.seek(float(moment), user.name)))
    if name != "step":  # who asks for steps again gets twice as many, and no restart needs the line
        await _until_stored(session.logged)
    status = session.status()
    status["session"] = status.pop("id")  # an answer's id is that of its command
    return status


async def _until_stored(kept: Future[None] | None) -> None:
    """Wait until a line of the log is on disk; raises Busy when the disk does not take it."""
    if kept is None:
        return
    try:
        await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(kept)), LONGEST_KEEPING)
    except TimeoutError:
        raise Busy("carried out, but not stored yet: the disk does not take it") from None


async def _twice(future: Future[Future[dict[str, Any]]]) -> dict[str, Any]:
    inner: Future[dict[str, Any]] = await asyncio.wrap_future(future)
    return await asyncio.wrap_future(inner)


def _state_command(name: str, message: dict[str, Any]) -> Command:
    texts = {}
    for key in ("path", "key"):
        text = message.get(key)
        if not isinstance(text, str) or not text or len(text) > LONGEST_TEXT:
            raise InputError(f"{key} is missing or not text", key=key, found=repr(text)[:80])
        texts[key] = text
    value = message.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise InputError(
            "value is neither a number nor text with a unit", key="value", found=repr(value)[:80]
        )
    if isinstance(value, str) and len(value) > 100:
        raise InputError("value is too long", key="value", found=value[:80] + "...")
    if isinstance(value, int):
        if abs(value) > 2**53:
            raise InputError("value out of range", key="value", found=repr(value)[:80])
        value = float(value)
    return Command(name, texts["path"], texts["key"], value)  # type: ignore[arg-type]


def _plain(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def error_body(error: Exception) -> dict[str, Any]:
    """What is told of an error: message and, when known, key, found and allowed."""
    if isinstance(error, InputError):
        body = {
            "message": error.message,
            "key": error.key,
            "found": error.found,
            "allowed": error.allowed,
        }
        return {key: value for key, value in body.items() if value}
    return {"message": str(error)}
