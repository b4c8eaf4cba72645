"""WebSocket with the log of a run: `WS /api/runs/{run_id}/logs/ws`."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any

import orjson

from runicorn_site.web.access import Scope, access
from runs.live.run_socket import RunSocket, whole_number
from runs.live.tail import Chunk, text_lines


@access(Scope.READ)
class LogSocket(RunSocket):
    """The last lines of `logs.txt`, then every new line as it is written.

    One line per text frame, without blank lines.

    Query: `tail` (number of initial lines, default 10,000; at most 100,000), `from` (start at this byte instead),
    `frames=json` (`{"line": …, "end": byte after it}` instead of the bare line).

    The socket stays open after the run has ended, and while there is no log. Close codes: 4400 malformed
    run id or parameter, 4404 unknown or deleted run (also later), 4408 more than 8 MiB behind.
    """

    def read_query(self, query: dict[str, str]) -> None:
        self.lines: int | None = whole_number(query, "tail", default=10_000, highest=100_000)
        self.offset = whole_number(query, "from", default=0)
        if "from" in query:
            self.lines = None
        self.as_json = query.get("frames") == "json"

    async def open(self) -> None:
        """Find the first line."""
        self.lines_read = self.files.enter_context(self.reading_log(self.offset, self.lines))
        await self.lines_read.ready()

    def parts(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Return the tasks: sending lines, and closing when the run is deleted."""
        return [*super().parts(), self.send_lines()]

    async def send_lines(self) -> None:
        """Send lines from the file to the client, forever."""
        async for chunk in self.lines_read:
            await self.send_all(self.frames(chunk))

    def frames(self, chunk: Chunk) -> Iterable[str]:
        lines = text_lines(chunk.data, chunk.start)
        if not self.as_json:
            return (text for text, _ in lines)
        return (orjson.dumps({"line": text, "end": end}).decode() for text, end in lines)
