"""What a viewer is sent: the newest, at its rate, the last one always, and never a backlog."""

import asyncio
import json
import selectors

from twin.server.hub import MAXIMUM_TEXTS, Viewer


class _NoWaiting(selectors.SelectSelector):
    """Waits by moving the clock of its loop on."""

    def __init__(self):
        super().__init__()
        self.clock = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.clock += timeout
        return ready


class ExactLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is what its timers say, however slow the machine is."""

    def __init__(self):
        self.waiting = _NoWaiting()
        super().__init__(self.waiting)

    def time(self):
        return self.waiting.clock


def received(offers, rate=10.0, takes=None):
    """Frames a viewer would send when frames are offered at times [s]; ``takes`` delays reading."""

    async def run():
        loop = asyncio.get_running_loop()
        viewer = Viewer("v", rate=rate)
        shown = []

        async def read():
            while True:
                await viewer.wake.wait()
                viewer.wake.clear()
                frame, viewer.frame = viewer.frame, None
                if frame is not None:
                    shown.append(frame)
                    if takes:
                        await asyncio.sleep(takes)

        reader = asyncio.create_task(read())
        began = loop.time()
        for number, moment in enumerate(offers):
            await asyncio.sleep(max(0.0, began + moment - loop.time()))
            viewer.offer(b"%d" % number, loop.time())
        await asyncio.sleep(max(2.5 / rate, 2 * (takes or 0)))
        reader.cancel()
        return shown, viewer

    with asyncio.Runner(loop_factory=ExactLoop) as runner:
        return runner.run(run())


def test_frames_faster_than_the_rate_are_thinned_and_the_last_one_comes():
    shown, viewer = received([i * 0.01 for i in range(50)], rate=20.0)
    assert shown[-1] == b"49"
    assert 5 <= len(shown) <= 16
    assert viewer.dropped == 0


def test_a_single_change_right_after_a_frame_is_not_lost():
    shown, _ = received([0.0, 0.005], rate=5.0)
    assert shown == [b"0", b"1"]


def test_a_slow_reader_gets_the_newest_and_misses_the_rest():
    shown, viewer = received([i * 0.02 for i in range(20)], rate=100.0, takes=0.1)
    assert shown[-1] == b"19"
    assert len(shown) < 12
    assert viewer.dropped > 0
    assert viewer.frame is None


def test_texts_are_bounded_and_the_oldest_go():
    async def run():
        viewer = Viewer("v")
        for number in range(MAXIMUM_TEXTS + 10):
            viewer.tell({"number": number})
        return viewer

    viewer = asyncio.run(run())
    assert len(viewer.texts) == MAXIMUM_TEXTS
    assert viewer.lost_texts == 10
    assert json.loads(viewer.texts[0]) == {"number": 10}


def test_a_closed_viewer_leaves_no_timer():
    async def run():
        loop = asyncio.get_running_loop()
        viewer = Viewer("v", rate=1.0)
        viewer.offer(b"0", loop.time())
        viewer.offer(b"1", loop.time())
        viewer.offer(b"2", loop.time())
        assert viewer._timer is not None
        viewer.close("gone")
        assert viewer._timer is None

    asyncio.run(run())


def test_lateness_does_not_stay_when_frames_come_at_the_very_rate():
    """Three frames at once, then one every interval: soon each is sent as it comes."""

    async def run():
        viewer = Viewer("v", rate=20.0)
        at_once = []
        for number in range(60):
            clock = 100.0 + max(0, number - 2) * 0.05
            if viewer._timer is not None and viewer.next_due <= clock:
                viewer._timer.cancel()
                viewer._in_time()
            viewer.frame = None
            frame = b"%d" % number
            viewer.offer(frame, clock)
            at_once.append(viewer.frame == frame)
        viewer.close("done")
        return at_once

    at_once = asyncio.run(run())
    assert not all(at_once[:10])
    assert all(at_once[-20:])
