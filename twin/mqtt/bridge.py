"""The connection to an MQTT broker: publishes points, takes requests and load targets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import ssl
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats
from twin.controls import Command
from twin.errors import InputError, TwinError
from twin.mqtt.broker import PASSWORD, Broker
from twin.mqtt.flex import TOPIC as FLEX_TOPIC
from twin.mqtt.flex import Flex, parse_targets
from twin.mqtt.groups import PREFIX, Group
from twin.mqtt.points import points
from twin.mqtt.requests import Request, parse_request, subscriptions
from twin.server.keeping import Busy, Gone
from twin.server.session import Session
from twin.server.subject import SimulationSubject

if TYPE_CHECKING:
    from aiomqtt import Client, Message

log = logging.getLogger("twin.mqtt")

LOOK = 1.0  # s between looks at what changed
REPEAT = 100.0  # s after which unchanged values and metadata are published again
HEARTBEAT = 10.0  # s
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 30.0  # s between attempts to connect


class Bridge:
    """Publishes one session; runs on the event loop until cancelled, and reconnects by itself."""

    def __init__(self, session: Session, broker: Broker):
        if not isinstance(session.subject, SimulationSubject):
            raise InputError("only a running simulation is published", key="--mqtt")
        self.session, self.broker = session, broker
        self.subject: SimulationSubject = session.subject
        self.leaks: Floats = np.zeros(self.subject.levels["rack"].count)
        self.groups: list[Group] = points(self.subject, broker.integration, self.leaks)
        self.flex = Flex(self.subject) if broker.flex else None
        self.connected = False
        self.published = 0
        self.refused = 0

    async def run(self) -> None:
        """Connect, publish, and begin again whenever the connection breaks."""
        import aiomqtt

        wait = SHORTEST_WAIT
        while True:
            try:
                async with aiomqtt.Client(
                    self.broker.host,
                    self.broker.port,
                    username=self.broker.user,
                    password=os.environ.get(PASSWORD),
                    timeout=10,
                    tls_context=ssl.create_default_context() if self.broker.tls else None,
                    max_queued_outgoing_messages=0,
                ) as client:
                    log.info("broker connected", extra={"host": self.broker.host})
                    self.connected, wait = True, SHORTEST_WAIT
                    await self._serve(client)
            except Gone:
                return
            except (aiomqtt.MqttError, OSError) as error:
                log.warning("broker: %s", error, extra={"host": self.broker.host})
            self.connected = False
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    async def _serve(self, client: Client) -> None:
        topics = subscriptions(self.broker.integration)
        if self.flex is not None:
            topics.append(FLEX_TOPIC)
        for topic in topics:
            await client.subscribe(topic, qos=1)
        tasks = [
            asyncio.create_task(work(client)) for work in (self._publish, self._beat, self._listen)
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _publish(self, client: Client) -> None:
        """Metadata at first and again, values as they change and again."""
        due = 0.0
        while True:
            clock = time.monotonic()
            everything = clock >= due
            if everything:
                due = clock + REPEAT
                await self._send_metadata(client)
            with contextlib.suppress(Busy):
                values = await self._ask(self._read)
                await self._send_values(client, values, everything)
                if self.flex is not None:
                    await self._follow_targets()
            await asyncio.sleep(LOOK)

    def _read(self) -> list[Floats | None]:
        return [
            np.array(group.read(self.subject), dtype=np.float64) if group.read else None
            for group in self.groups
        ]

    async def _ask(self, function: Any) -> Any:
        return await asyncio.wrap_future(self.session.call(function))

    async def _send_metadata(self, client: Client) -> None:
        for group in self.groups:
            for row, facts in enumerate(group.metadata):
                await client.publish(group.metadata_topic(row), json.dumps(facts), retain=True)
        for topic, facts in self._system_metadata():
            await client.publish(topic, json.dumps(facts), retain=True)

    async def _send_values(
        self, client: Client, values: list[Floats | None], everything: bool
    ) -> None:
        stamp = int(time.time() * 1000)
        for group, column in zip(self.groups, values, strict=True):
            if column is None:
                continue
            rows = range(len(column)) if everything else group.changed(column).tolist()
            for row in rows:
                await client.publish(group.value_topic(row), _message(column[row], stamp))
                self.published += 1
                group.sent[row] = column[row]

    def _system_topic(self, kind: str, point: str, tag: str, publisher: str = "PUB") -> str:
        return f"{PREFIX}/{publisher}/{kind}/System/{point}/{tag}"

    def _system_metadata(self) -> list[tuple[str, dict[str, Any]]]:
        name, other = self.broker.name, self.broker.integration
        rows = [
            ("HeartbeatTimestampBms", name, {}),
            ("HeartbeatEchoBms", other, {}),
            ("HeartbeatTimestampIntegration", other, {"integration": other}),
            ("HeartbeatEchoIntegration", name, {"integration": other}),
        ]
        return [
            (
                self._system_topic("Metadata", point, tag),
                {
                    "objectType": "System",
                    "pointType": point,
                    "objectName": tag,
                    "objectId": tag,
                    **more,
                },
            )
            for point, tag, more in rows
        ]

    async def _beat(self, client: Client) -> None:
        while True:
            stamp = int(time.time() * 1000)
            topic = self._system_topic("Value", "HeartbeatTimestampBms", self.broker.name)
            await client.publish(topic, _message(float(stamp), stamp))
            with contextlib.suppress(Busy):
                await self._tell_power_state(client)
            await asyncio.sleep(HEARTBEAT)

    async def _tell_power_state(self, client: Client) -> None:
        flex, name = self.flex, self.broker.name
        if flex is None:
            return
        event = await self._ask(lambda: flex.status(name, time.time()))
        topic = f"grid/v1/dsx-flex-agent/{name}/powerstate/status"
        await client.publish(topic, json.dumps(event), qos=1)

    async def _listen(self, client: Client) -> None:
        async for message in client.messages:
            try:
                await self._take(client, message)
            except Gone:
                raise
            except TwinError as error:
                self.refused += 1
                text = str(error).replace("\n ", ";")
                log.warning("request refused: %s", text)
                with contextlib.suppress(TwinError):
                    await self._ask(lambda text=text: self.session.add_event("refused", text[:500]))

    async def _take(self, client: Client, message: Message) -> None:
        payload = message.payload
        data = payload if isinstance(payload, bytes | bytearray) else str(payload or "").encode()
        topic = str(message.topic)
        if self.flex is not None and topic.startswith("grid/"):
            targets = parse_targets(
                bytes(data), self.flex.feeds, time.time(), self.broker.flex_keys
            )
            self.flex.take(targets)
            return
        request = parse_request(topic, bytes(data), self.broker.integration)
        if request is None or message.retain:  # what was asked long ago is not asked now
            return
        if request.object_type == "System":
            stamp = int(time.time() * 1000)
            echo = self._system_topic("Value", "HeartbeatEchoBms", self.broker.integration)
            await client.publish(echo, _message(request.value, stamp))
            return
        await self._carry_out(request)

    async def _carry_out(self, request: Request) -> None:
        who = f"mqtt:{self.broker.integration}"
        command = request.command()
        if command is None:
            self._note_leak(request)
            text = "leak reported" if request.value == 1 else "leak cleared"
            await self._ask(lambda: self.session.add_event("leak", text, request.path))
            return
        await self._change(command, who)

    def _note_leak(self, request: Request) -> None:
        level, row = self.subject.levels.find(request.path)
        if level == "gpu":  # a tray's path may go on below its rack
            row = int(self.subject.levels["gpu"].parent_index[row])
        elif level != "rack":
            raise InputError("not a rack", key="path", found=request.path)
        self.leaks[row] = request.value

    async def _follow_targets(self) -> None:
        flex = self.flex
        assert flex is not None
        for command in await self._ask(lambda: flex.commands(time.time())):
            await self._change(command, "mqtt:flex")

    async def _change(self, command: Command, who: str) -> None:
        _, kept = await self._ask(lambda: self.session.change(command, who))
        if kept is not None:
            await asyncio.wrap_future(kept)


def _message(value: float, stamp: int) -> str:
    good = bool(np.isfinite(value))
    return json.dumps(
        {
            "value": round(float(value), 6) if good else None,
            "timestamp": stamp,
            "quality": 1 if good else 0,
        }
    )
