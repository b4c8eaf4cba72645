"""A Valkey server, and several servers on one PostgreSQL and one store."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests import programs
from tests.postgresql import PostgreSQL
from tests.processes import Viewer, free_port
from tests.waiting import until


class Valkey:
    """A Valkey server without persistence."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return once it responds."""
        program = programs.find("valkey-server")
        assert program is not None
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder))
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        import redis

        client = redis.Redis.from_url(self.url, retry=None)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        until(answers)
        client.close()

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait(60)


class Cluster:
    """Servers that share all but their processes."""

    def __init__(self, base: Path, database: PostgreSQL, servers: int = 3, **more: str) -> None:
        self.root, self.home, self.database = base / "store", base / "home", database
        self.root.mkdir()
        own = {"RUNICORN_DATABASE_URL": database.url(), "RUNICORN_RATE_LIMIT": "off"}
        self.more = {"RUNICORN_MAX_SOCKETS": "0", **own, **more}
        self.servers = [self._server(number) for number in range(servers)]
        for server in self.servers:
            server.wait_until_it_answers()

    def _server(self, number: int, port: int = 0) -> Viewer:
        """Start a server; the third has its own data directory, as on another machine."""
        own = {"RUNICORN_DATA_DIR": str(self.home / "elsewhere")} if number == 2 else {}
        return Viewer(self.root, self.home, port=port, **self.more, **own)

    def restart(self, number: int) -> Viewer:
        """Kill a server and start another one on its port, without waiting for it."""
        self.servers[number].kill()
        self.servers[number] = self._server(number, self.servers[number].port)
        return self.servers[number]

    def leaders(self) -> dict[str, str]:
        """The server that does each part of the background work."""
        rows = self.database.execute("SELECT name, owner FROM cluster_lease WHERE until > now()")
        return {name.split("-")[0]: owner for name, owner in rows}

    def stop(self) -> None:
        """Stop all servers."""
        for server in self.servers:
            server.stop()
