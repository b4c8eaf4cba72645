"""Discovery of the Python environments of a remote host, by two scripts sent over standard input."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from remote.environments import probe
from remote.environments.probe import Candidate, Environment
from remote.errors import ConnectionLost, EnvironmentNotFound, RemoteOperationFailed
from remote.ssh.client import Link
from remote.ssh.pool import PooledConnection

if TYPE_CHECKING:
    from runicorn.api.responses.remote import RemoteConfig

FIND_SECONDS = 20.0
DESCRIBE_SECONDS = 20.0
AT_ONCE = 4
"""Pythons started at the same time; sshd allows ten sessions per connection by default."""
CACHE_KEY = "environments"


async def find(connection: PooledConnection) -> list[Environment]:
    """Search the host and return all environments.

    Raises:
        RemoteOperationFailed: the host cannot be searched.
    """
    link = connection.link
    output = await link.run("/bin/sh", "-s", stdin=probe.script("find_pythons.sh"), timeout=FIND_SECONDS)
    try:
        candidates = probe.candidates(output.stdout)
    except ValueError:
        raise RemoteOperationFailed(
            "{host} does not run commands for {username}: {complaint}. A remote viewer needs a user "
            "with a shell.",
            host=link.address.host,
            username=link.address.username,
            complaint=output.complaint,
        ) from None
    slots = asyncio.Semaphore(AT_ONCE)

    async def probe_candidate(candidate: Candidate) -> Environment:
        async with slots:
            return await _probe(link, candidate)

    environments = probe.with_names(
        await asyncio.gather(*(probe_candidate(candidate) for candidate in candidates))
    )
    if await link.is_breaking():  # an unanswered probe may be due to the lost connection
        raise ConnectionLost(link.address.id)
    connection.memory[CACHE_KEY] = environments
    return environments


async def _probe(link: Link, candidate: Candidate) -> Environment:
    try:
        output = await link.run(
            candidate.path, "-", stdin=probe.script("describe_python.py"), timeout=DESCRIBE_SECONDS
        )
    except RemoteOperationFailed:  # it hangs; the other environments are unaffected
        return probe.environment(candidate, b"")
    return probe.environment(candidate, output.stdout)


async def find_by_name(connection: PooledConnection, name: str) -> Environment:
    """Return the current state of an environment by name or path; search the host if it is not known yet.

    Raises:
        EnvironmentNotFound: no environment has that name or path.
        RemoteOperationFailed: the host cannot be searched.
    """
    cached: list[Environment] = connection.memory.get(CACHE_KEY, [])
    environment = _by_name(cached, name)
    if environment is None:
        discovered = await find(connection)
        environment = _by_name(discovered, name)
        if environment is not None:
            return environment
        if not discovered or any(other.python for other in discovered):
            raise EnvironmentNotFound(name)
        raise RemoteOperationFailed(
            "No Python on {host} responded, so environment {name} cannot be identified.",
            host=connection.address.host,
            name=name,
        )
    now = await _probe(connection.link, Candidate(environment.kind, environment.tool, environment.path))
    return Environment(**(vars(now) | {"name": environment.name, "is_default": environment.is_default}))


def _by_name(environments: list[Environment], name: str) -> Environment | None:
    return next(
        (environment for environment in environments if name in (environment.name, environment.path)), None
    )


def config(connection: PooledConnection, environment: Environment) -> RemoteConfig:
    return {
        "ok": True,
        "condaEnv": environment.name,
        "pythonVersion": f"Python {environment.python}",
        "pythonPath": environment.path,
        "pythonSupported": environment.new_enough,
        "runicornVersion": environment.runicorn,
        "runicornIsOurs": environment.ours,
        "defaultStorageRoot": environment.root,
        "storageRootExists": environment.root_exists,
        "suggestedRemotePort": environment.port,
        "home": environment.home,
        "connectionId": connection.id,
    }


async def read_config(connection: PooledConnection, name: str) -> RemoteConfig:
    """Return `config` of the environment with that name.

    Raises:
        RemoteOperationFailed: its Python does not run.
    """
    environment = await find_by_name(connection, name)
    if environment.python is None:
        raise RemoteOperationFailed(
            "Failed to run Python in environment: {name} ({path})",
            name=environment.name,
            path=environment.path,
        )
    return config(connection, environment)
