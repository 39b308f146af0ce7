"""The client against servers that behave badly."""

import asyncio
import json

from websockets.asyncio.server import serve

from twin.client import AsyncClient
from twin.protocol import PROTOCOL


def hello(session="s"):
    return json.dumps({"type": "hello", "protocol": PROTOCOL, "session": session})


def event(number):
    return json.dumps({"type": "event", "number": number, "time": 0.0, "message": f"no. {number}"})


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_connection_that_breaks_while_it_is_resumed_is_tried_again(monkeypatch):
    monkeypatch.setattr("twin.async_client.SHORTEST_WAIT", 0.01)

    async def work():
        count = 0

        async def answer(socket):
            nonlocal count
            count += 1
            await socket.send(hello())
            if count == 1:
                message = json.loads(await socket.recv())
                await socket.send(json.dumps({"type": "ack", "id": message["id"], "channels": []}))
            if count < 4:
                socket.transport.abort()
                return
            await socket.send(event(1))
            await socket.wait_closed()

        async with serve(answer, "127.0.0.1", 0, subprotocols=[PROTOCOL]) as server:
            port = server.sockets[0].getsockname()[1]
            async with AsyncClient(f"ws://127.0.0.1:{port}") as client:

                async def gone(path, **query):  # the connection breaks before it is asked again
                    return {"events": 0} if "sessions" in path else []

                client.get = gone
                sent = client._resume

                async def broken():
                    if count < 4:
                        await client._socket.wait_closed()
                    await sent()

                client._resume = broken
                await client.subscribe(["gpu.power"])
                await until(lambda: len(client.events) == 1)
                assert count == 4

    asyncio.run(work())


def test_events_of_a_server_that_began_anew_are_heard(monkeypatch):
    monkeypatch.setattr("twin.async_client.SHORTEST_WAIT", 0.01)

    async def work():
        count = 0

        async def answer(socket):
            nonlocal count
            count += 1
            await socket.send(hello())
            await socket.send(event(7 if count == 1 else 1))
            if count > 1:
                await socket.wait_closed()

        async with serve(answer, "127.0.0.1", 0, subprotocols=[PROTOCOL]) as server:
            port = server.sockets[0].getsockname()[1]
            async with AsyncClient(f"ws://127.0.0.1:{port}") as client:

                async def get(path, **query):
                    return {"events": 1} if "sessions" in path else []

                client.get = get
                await until(lambda: [e["number"] for e in client.events] == [7, 1])

    asyncio.run(work())


def test_events_that_were_undone_are_dropped_at_once_and_after_a_broken_connection(monkeypatch):
    monkeypatch.setattr("twin.async_client.SHORTEST_WAIT", 0.01)

    async def work():
        broken, go_on = asyncio.Event(), asyncio.Event()

        async def answer(socket):
            await socket.send(hello())
            if not broken.is_set():
                for number in (3, 4, 5):
                    await socket.send(event(number))
                await socket.send(json.dumps({"type": "undone", "after": 4}))
                await socket.send(event(6))
                await go_on.wait()
                broken.set()
                return
            await socket.wait_closed()

        async with serve(answer, "127.0.0.1", 0, subprotocols=[PROTOCOL]) as server:
            port = server.sockets[0].getsockname()[1]
            async with AsyncClient(f"ws://127.0.0.1:{port}") as client:

                async def get(path, **query):
                    if "sessions" in path:
                        return {"events": 8}
                    assert query["since"] == 2
                    return [{"number": 3}, {"number": 7}, {"number": 8}]  # 4 and 6 are gone

                client.get = get
                await until(lambda: [e["number"] for e in client.events] == [3, 4, 6])
                assert client.set_back == 1
                go_on.set()
                await until(lambda: [e["number"] for e in client.events] == [3, 7, 8])
                assert client.set_back == 2

    asyncio.run(work())
