"""Services for choosing the remote environment in which a viewer is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from remote.environments import discovery
from remote.environments.probe import Environment
from remote.services.connections import FIND_SECONDS
from remote.ssh.loop import loop
from remote.ssh.pool import pool
from remote.viewers.compatibility import launch_problem
from remote.viewers.errors import ProgramNotInstalled
from runicorn_site.web.natural_sort import natural


@dataclass(frozen=True)
class Choice:
    """An environment, and the reason why no viewer can be started in it, if any."""

    environment: Environment
    fault: ProgramNotInstalled | None

    @property
    def runs(self) -> bool:
        return self.environment.python is not None

    @property
    def fits(self) -> bool:
        """Whether a viewer can be started in it."""
        return self.runs and self.fault is None


def last_discovered(connection_id: str) -> list[Choice] | None:
    """Return the result of the last search, or None before the first one."""
    connection = pool.get(connection_id)
    environments: list[Environment] | None = connection.memory.get(discovery.CACHE_KEY)
    return None if environments is None else _choices(environments, connection.address.host)


def discover(connection_id: str) -> list[Choice]:
    """Search the host and return all environments.

    Raises:
        RemoteOperationFailed: the host cannot be searched.
    """
    connection = pool.get(connection_id)
    environments = loop.run(discovery.find(connection), FIND_SECONDS)
    return _choices(environments, connection.address.host)


def choice(connection_id: str, name: str) -> Choice:
    """Return the current state of an environment by name or path.

    Raises:
        EnvironmentNotFound: no environment has that name or path.
        RemoteOperationFailed: the host cannot be searched.
    """
    connection = pool.get(connection_id)
    return _choice(loop.run(discovery.find_by_name(connection, name), FIND_SECONDS), connection.address.host)


def _choices(environments: list[Environment], host: str) -> list[Choice]:
    """Return choices: those that start a viewer, those that can be set up, the others; each by version."""
    return sorted((_choice(environment, host) for environment in environments), key=_position)


def _position(choice: Choice) -> tuple[Any, ...]:
    can_set_up = choice.fault is not None and choice.fault.more["can_copy"]
    return not choice.fits, not can_set_up, not choice.runs, natural(choice.environment.python or "")


def _choice(environment: Environment, host: str) -> Choice:
    return Choice(environment, launch_problem(environment, host) if environment.python is not None else None)
