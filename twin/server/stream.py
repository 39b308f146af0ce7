"""The websocket ``twin.v1``: subscriptions and commands in; frames, events and answers out."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from twin.errors import InputError, TwinError
from twin.protocol import PROTOCOL, TOKEN_PROTOCOL
from twin.server.commands import carry_out, error_body
from twin.server.hub import Hub, Viewer
from twin.server.keeping import Gone
from twin.server.limits import Limits
from twin.server.rates import Bucket
from twin.server.security import User
from twin.server.state import ServerState
from twin.server.subscription import parse_subscription, resolve

log = logging.getLogger("twin.stream")

MAXIMUM_UNDER_WAY = 16  # messages of one viewer
AT_ONCE = 0.25  # s in which answers come in the order of their questions
POLICY_VIOLATION = 1008
GOING_AWAY = 1001
TRY_LATER = 1013
NOT_FOUND = 4404


def hello(hub: Hub) -> str:
    """First message of a connection, as JSON."""
    session = hub.session
    subject = session.subject
    rest = {
        "type": "hello",
        "protocol": PROTOCOL,
        "digest": subject.digest,
        "scene": f"/api/scene?session={session.id}",
        "session": session.id,
        "levels": {name: level.count for name, level in subject.levels.items()},
        "time": subject.time,
        "step": subject.step,
        "speed": "max" if math.isinf(session.speed) else session.speed,
        "paused": session.paused,
        "recorded": subject.recorded,
    }
    return f'{json.dumps(rest)[:-1]}, "channels": {hub.channel_table}}}'


async def serve_stream(websocket: WebSocket, state: ServerState) -> None:
    """One connection, from handshake to end."""
    async with state.handshakes:  # however many come at once, requests get their turn between
        opened = await _opened(websocket, state)
    if opened is None:
        return
    user, hub, viewer = opened
    sender = asyncio.create_task(_send(websocket, viewer))
    receiver = asyncio.create_task(_receive(websocket, viewer, hub, user, state.settings.limits))
    try:
        await asyncio.wait({sender, receiver}, return_when=asyncio.FIRST_COMPLETED)
        if receiver.done() and not sender.done() and viewer.closed:
            await asyncio.wait({sender}, timeout=2.0)
    finally:
        hub.remove(viewer)
        for task in (sender, receiver):
            task.cancel()
        await asyncio.gather(sender, receiver, return_exceptions=True)
        if viewer.heard:
            log.info(
                "viewer left",
                extra={
                    "viewer": viewer.name,
                    "session": hub.session.id,
                    "sent": viewer.sent,
                    "dropped": viewer.dropped,
                },
            )


async def _opened(websocket: WebSocket, state: ServerState) -> tuple[User, Hub, Viewer] | None:
    """Accept a connection and say hello; None when refused."""
    user = await _admit(websocket)
    if user is None:
        return None
    try:
        session = state.manager.get(websocket.query_params.get("session"))
    except Gone as error:
        await websocket.close(NOT_FOUND, str(error))
        return None
    hub = state.hub(session)
    address = websocket.client.host if websocket.client else "?"
    viewer = Viewer(f"{user.name}@{address}")
    if state.viewers() >= state.settings.maximum_viewers:
        await websocket.close(TRY_LATER, "too many viewers")
        return None
    hub.add(viewer)
    viewer.say(hello(hub))
    return user, hub, viewer


async def _admit(websocket: WebSocket) -> User | None:
    """Check the subprotocol and accept; None when refused. The guard has checked all else."""
    offered = list(websocket.scope.get("subprotocols", []))
    names = [name for name in offered if not name.startswith(TOKEN_PROTOCOL)]
    user: User | None = getattr(websocket.state, "user", None)
    if user is None or (names and PROTOCOL not in names):
        await websocket.close(POLICY_VIOLATION, f"subprotocol {PROTOCOL} expected")
        return None
    await websocket.accept(subprotocol=PROTOCOL if names else None)
    return user


async def _send(websocket: WebSocket, viewer: Viewer) -> None:
    """Send texts in order and the newest frame, whenever there is something."""
    try:
        while True:
            await viewer.wake.wait()
            viewer.wake.clear()
            while viewer.texts:
                await websocket.send_text(viewer.texts.popleft())
            if viewer.closed:
                await websocket.close(GOING_AWAY, viewer.closed[:120])
                return
            frame, viewer.frame = viewer.frame, None
            if frame is not None:
                await websocket.send_bytes(frame)
                viewer.sent += 1
                viewer.sent_bytes += len(frame)
    except (WebSocketDisconnect, RuntimeError):
        return


async def _receive(
    websocket: WebSocket, viewer: Viewer, hub: Hub, user: User, limits: Limits
) -> None:
    """Take messages one after the other until the viewer leaves or misbehaves."""
    bucket = Bucket(limits.messages_per_second, limits.messages_at_once, time.monotonic())
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if not viewer.heard:  # those who never say anything are counted, not told of one by one
                viewer.heard = True
                log.info("viewer joined", extra={"viewer": viewer.name, "session": hub.session.id})
            if not bucket.take(time.monotonic()):
                await _refuse(websocket, "too many messages")
                return
            # each begins in its turn, and one that takes long (step, seek) holds no other up
            task = asyncio.create_task(_answer(message.get("text"), viewer, hub, user))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            await asyncio.wait({task}, timeout=AT_ONCE)
            while len(under_way) >= MAXIMUM_UNDER_WAY:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in under_way:
            task.cancel()


async def _answer(text: str | None, viewer: Viewer, hub: Hub, user: User) -> None:
    try:
        if text is None:
            raise _Bad(None, InputError("binary messages are not taken"))
        await _handle(_parse(text), viewer, hub, user)
    except _Bad as error:
        viewer.tell({"type": "error", "id": error.id, **error_body(error.cause)})
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("message not handled", extra={"viewer": viewer.name})
        viewer.tell({"type": "error", "id": None, "message": "the server failed; see its log"})


class _Bad(Exception):
    def __init__(self, id: int | str | None, cause: TwinError):
        super().__init__(str(cause))
        self.id, self.cause = id, cause


def _parse(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _Bad(None, InputError("message is not JSON")) from None
    if not isinstance(message, dict):
        raise _Bad(None, InputError("message is not a JSON object"))
    return message


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


async def _handle(message: dict[str, Any], viewer: Viewer, hub: Hub, user: User) -> None:
    id = message.get("id")
    if not (id is None or isinstance(id, int | str)) or len(str(id)) > 100:
        raise _Bad(None, InputError("id is neither a number nor short text", key="id"))
    kind = message.get("type")
    try:
        if kind == "subscribe":
            subscription = parse_subscription(message)
            slices = await asyncio.to_thread(resolve, hub.session.subject, subscription)
            hub.subscribe(viewer, subscription, slices)
            answer: dict[str, Any] = {
                "channels": [
                    {
                        "name": part.channel.name,
                        "level": part.channel.level,
                        "start": part.start,
                        "count": part.stop - part.start,
                        "step": part.step,
                    }
                    for part in slices
                ]
            }
        elif kind == "command":
            answer = await carry_out(hub.session, message, user)
        else:
            raise InputError(
                "unknown message type",
                key="type",
                found=repr(kind)[:80],
                allowed="subscribe or command",
            )
    except TwinError as error:
        raise _Bad(id, error) from None
    except OSError as error:
        raise _Bad(id, TwinError(f"not stored: {error.strerror}")) from None
    viewer.tell({**answer, "type": "ack", "id": id, "ok": True})


async def _refuse(websocket: WebSocket, reason: str) -> None:
    if websocket.application_state is WebSocketState.CONNECTED:
        await websocket.close(POLICY_VIOLATION, reason)
