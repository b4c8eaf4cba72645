"""The log of a run as a WebSocket: `WS /api/runs/{run_id}/logs/ws`."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any

import orjson

from runs.live.run_socket import RunSocket, whole_number
from runs.live.tail import Chunk, text_lines


class LogSocket(RunSocket):
    """The last lines of `logs.txt`, then every new one as it is written.

    One line a text frame, blank ones left out.

    Query: `tail` (lines at the beginning, 10,000; at most 100,000), `from` (go on at this byte instead),
    `frames=json` (`{"line": …, "end": byte after it}` instead of the bare line).

    The socket stays open when the run has ended, and when there is no log yet. Close codes: 4400 malformed
    run id or parameter, 4404 unknown or deleted run (also later), 4408 more than 8 MiB behind.
    """

    def read_query(self, query: dict[str, str]) -> None:
        """Take `tail`, `from` and `frames`."""
        self.lines: int | None = whole_number(query, "tail", default=10_000, highest=100_000)
        self.offset = whole_number(query, "from", default=0)
        if "from" in query:
            self.lines = None
        self.as_json = query.get("frames") == "json"

    async def open(self) -> None:
        """Find where the lines begin."""
        self.lines_read = self.files.enter_context(self.reading_log(self.offset, self.lines))
        await self.lines_read.ready()

    def parts(self) -> Iterable[Coroutine[Any, Any, None]]:
        """The lines, and the end when the run is deleted."""
        return [*super().parts(), self.send_lines()]

    async def send_lines(self) -> None:
        """Carry lines from the file to the client, for ever."""
        async for chunk in self.lines_read:
            await self.send_all(self.frames(chunk))

    def frames(self, chunk: Chunk) -> Iterable[str]:
        lines = text_lines(chunk.data, chunk.start)
        if not self.as_json:
            return (text for text, _ in lines)
        return (orjson.dumps({"line": text, "end": end}).decode() for text, end in lines)
