"""The verbs of choosing: in which Python of another machine a viewer is to be started."""

from __future__ import annotations

from dataclasses import dataclass

from remote.environments import discovery
from remote.environments.probe import Environment
from remote.services.connections import FIND_SECONDS
from remote.ssh.loop import loop
from remote.ssh.pool import pool
from remote.viewers.compatibility import fault_of
from remote.viewers.errors import NotThere


@dataclass(frozen=True)
class Choice:
    """An environment, and why no viewer can be started in it, if there is a reason."""

    environment: Environment
    fault: NotThere | None

    @property
    def runs(self) -> bool:
        """Whether its Python runs at all."""
        return self.environment.python is not None

    @property
    def fits(self) -> bool:
        """Whether a viewer can be started in it."""
        return self.runs and self.fault is None


def known(connection_id: str) -> list[Choice] | None:
    """What was found the last time; `None` when nobody has looked yet.

    Raises:
        NoConnection: there is no such connection.
    """
    held = pool.get(connection_id)
    found: list[Environment] | None = held.memory.get(discovery.KEPT)
    return None if found is None else [_choice(one, held.address.host) for one in found]


def look(connection_id: str) -> list[Choice]:
    """All environments, looked for anew.

    Raises:
        NoConnection: there is no such connection.
        Failed: the machine let us look for none.
        ConnectionCut: the connection was lost.
    """
    held = pool.get(connection_id)
    found = loop.run(discovery.find(held), FIND_SECONDS)
    return [_choice(one, held.address.host) for one in found]


def choice(connection_id: str, name: str) -> Choice:
    """One environment by its name or path, as it is now.

    Raises:
        NoConnection: there is no such connection.
        NoEnvironment: there is no such environment.
        Failed: the machine let us look for none.
        ConnectionCut: the connection was lost.
    """
    held = pool.get(connection_id)
    return _choice(loop.run(discovery.called(held, name), FIND_SECONDS), held.address.host)


def _choice(one: Environment, host: str) -> Choice:
    return Choice(one, fault_of(one, host) if one.python is not None else None)
