from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runs.live import hub as hubs
from runs.live.hub import Hub, Subscription
from runs.live.tail import text_lines
from tests.large import many
from tests.server.live.files import append, numbered, open_descriptors


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs.txt"


async def lines_of(subscription: Subscription, count: int) -> list[str]:
    """Return the next `count` lines, with `<replaced>` where the file was replaced."""
    lines: list[str] = []
    async with asyncio.timeout(20):
        while len(lines) < count:
            chunk = await anext(subscription)
            if chunk.replaced:
                lines.append("<replaced>")
            lines.extend(text for text, _ in text_lines(chunk.data, chunk.start))
    return lines


async def closed(path: Path) -> None:
    async with asyncio.timeout(20):
        while open_descriptors("self", [path]):
            await asyncio.sleep(0.01)


async def test_fifty_subscribers_of_one_file_get_every_line(path: Path) -> None:
    hub = Hub()
    append(path, numbered(10))
    subscriptions = [hub.subscribe(path) for _ in range(50)]
    readers = [asyncio.create_task(lines_of(subscription, 3010)) for subscription in subscriptions]
    for first in range(10, 3010, 100):
        append(path, numbered(100, first))
        await asyncio.sleep(0)
    assert all(lines == numbered(3010).splitlines() for lines in await asyncio.gather(*readers))
    assert (len(hub), len(open_descriptors("self", [path]))) == (1, 1)


async def test_a_late_subscriber_starts_at_its_offset(path: Path) -> None:
    hub = Hub()
    append(path, "a\nb\nc\n")
    with hub.subscribe(path) as early:
        assert await lines_of(early, 3) == ["a", "b", "c"]
        with hub.subscribe(path, 2) as later, hub.subscribe(path, lines=1) as last:
            assert await lines_of(last, 1) == ["c"]
            append(path, "d\n")
            assert await lines_of(later, 3) == ["b", "c", "d"]
            assert await lines_of(last, 1) == await lines_of(early, 1) == ["d"]


async def test_a_subscriber_that_does_not_read_costs_no_memory_and_misses_nothing(path: Path) -> None:
    hub = Hub()
    append(path, numbered(1))
    with hub.subscribe(path) as idle, hub.subscribe(path) as busy:
        await lines_of(idle, 1)
        for first in many(range(1, 100_001, 10_000)):
            append(path, numbered(10_000, first))
            await lines_of(busy, 10_000)
        async with asyncio.timeout(20):
            while idle.behind <= 5_000_000:  # it is as of the hub's last look
                await asyncio.sleep(0.01)
        assert await lines_of(idle, 100_000) == numbered(100_000, 1).splitlines()


async def test_the_hub_waits_for_a_file_that_does_not_exist_yet(path: Path) -> None:
    hub = Hub()
    folder = path.parent / "later"
    with hub.subscribe(folder / "logs.txt", lines=10) as subscription:
        reader = asyncio.create_task(lines_of(subscription, 2))
        await asyncio.sleep(0)
        folder.mkdir()
        append(folder / "logs.txt", "first\nsecond\n")
        assert await reader == ["first", "second"]


async def test_a_replaced_file_is_read_from_its_beginning(path: Path) -> None:
    hub = Hub()
    append(path, "old\n")
    with hub.subscribe(path) as subscription:
        await lines_of(subscription, 1)
        path.unlink()
        append(path, "new one\nnew two\n")
        assert await lines_of(subscription, 3) == ["<replaced>", "new one", "new two"]


async def test_a_file_rewritten_with_the_same_size_is_read_from_its_beginning(path: Path) -> None:
    hub = Hub()
    append(path, "old\n")
    with hub.subscribe(path) as subscription:
        await lines_of(subscription, 1)
        path.write_text("new\n")
        assert await lines_of(subscription, 2) == ["<replaced>", "new"]


async def test_the_last_to_leave_ends_the_watch_and_closes_the_file(path: Path) -> None:
    hub = Hub()
    append(path, "a\n")
    first, second = hub.subscribe(path), hub.subscribe(path)
    await lines_of(first, 1)
    watch = first.watch
    first.close()
    assert len(hub) == 1
    second.close()
    second.close()
    assert len(hub) == 0
    await asyncio.wait([watch.task], timeout=20)
    assert watch.task.cancelled()
    del watch, first, second
    await closed(path)


async def test_leaving_during_a_read_in_a_thread_closes_the_file_too(path: Path) -> None:
    hub = Hub()
    append(path, numbered(50_000))
    for _ in range(20):
        with hub.subscribe(path) as subscription:
            reader = asyncio.create_task(lines_of(subscription, 50_000))
            await asyncio.sleep(0.001)
            reader.cancel()
            await asyncio.wait([reader])
        del subscription, reader
    await closed(path)


async def test_a_network_file_system_is_polled_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "is_network_filesystem", lambda path: True)
    monkeypatch.setattr(hubs, "NETWORK_TICK", 0.02)
    hub = Hub()
    with hub.subscribe(path) as subscription:
        reader = asyncio.create_task(lines_of(subscription, 500))
        append(path, numbered(500))
        assert await reader == numbered(500).splitlines()
        assert subscription.watch.slow


async def test_an_unreadable_file_is_complained_about_once_and_read_when_it_can_be(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Hub()
    path.symlink_to("/etc/hostname")
    with hub.subscribe(path) as subscription:
        reader = asyncio.create_task(lines_of(subscription, 1))
        async with asyncio.timeout(20):
            while not caplog.messages:
                await asyncio.sleep(0.01)
        path.unlink()
        append(path, "own\n")
        assert await reader == ["own"]
    assert len(caplog.messages) == 1


async def test_small_files_are_watched_as_a_group(tmp_path: Path) -> None:
    hub = Hub()
    status, deleted = tmp_path / "status.json", tmp_path / ".deleted"
    status.write_text("{}")
    with hub.changes(status, deleted) as changes:
        async with asyncio.timeout(10):
            await anext(changes)  # says once at the beginning that there is something to be read
            deleted.touch()
            await anext(changes)
            status.write_text('{"status": "finished"}')
            await anext(changes)
    assert len(hub) == 0


async def test_a_watch_that_fails_does_not_leave_its_listeners_waiting(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*paths: Path) -> None:
        raise RuntimeError("broken")

    hub = Hub()
    monkeypatch.setattr(hubs, "signature", broken)
    with hub.subscribe(path) as subscription, pytest.raises(RuntimeError, match="broken"):
        await lines_of(subscription, 1)
    monkeypatch.undo()
    append(path, "a\n")
    with hub.subscribe(path) as subscription:
        assert await lines_of(subscription, 1) == ["a"]
