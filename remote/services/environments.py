"""The verbs of choosing: in which Python of another machine a viewer is to be started."""

from __future__ import annotations

from dataclasses import dataclass

from remote.environments import discovery
from remote.environments.probe import Environment
from remote.services.connections import FIND_SECONDS
from remote.ssh.loop import loop
from remote.ssh.pool import pool
from remote.viewers.compatibility import launch_problem
from remote.viewers.errors import ProgramNotInstalled


@dataclass(frozen=True)
class Choice:
    """An environment, and why no viewer can be started in it, if there is a reason."""

    environment: Environment
    fault: ProgramNotInstalled | None

    @property
    def runs(self) -> bool:
        return self.environment.python is not None

    @property
    def fits(self) -> bool:
        """Whether a viewer can be started in it."""
        return self.runs and self.fault is None


def known(connection_id: str) -> list[Choice] | None:
    """What was found the last time; `None` when nobody has looked yet.

    Raises:
        ConnectionNotFound: there is no such connection.
    """
    connection = pool.get(connection_id)
    found: list[Environment] | None = connection.memory.get(discovery.CACHE_KEY)
    return None if found is None else [_choice(one, connection.address.host) for one in found]


def look(connection_id: str) -> list[Choice]:
    """All environments, looked for anew.

    Raises:
        ConnectionNotFound: there is no such connection.
        RemoteOperationFailed: the machine let us look for none.
        ConnectionLost: the connection was lost.
    """
    connection = pool.get(connection_id)
    found = loop.run(discovery.find(connection), FIND_SECONDS)
    return [_choice(one, connection.address.host) for one in found]


def choice(connection_id: str, name: str) -> Choice:
    """One environment by its name or path, as it is now.

    Raises:
        ConnectionNotFound: there is no such connection.
        EnvironmentNotFound: there is no such environment.
        RemoteOperationFailed: the machine let us look for none.
        ConnectionLost: the connection was lost.
    """
    connection = pool.get(connection_id)
    return _choice(loop.run(discovery.called(connection, name), FIND_SECONDS), connection.address.host)


def _choice(one: Environment, host: str) -> Choice:
    return Choice(one, launch_problem(one, host) if one.python is not None else None)
