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
"""Pythons that start at the same time: sshd allows ten sessions a connection."""
CACHE_KEY = "environments"


async def find(connection: PooledConnection) -> list[Environment]:
    """All of them, looked for anew.

    Raises:
        RemoteOperationFailed: the machine let us look for none.
        ConnectionLost: the connection was lost.
    """
    link = connection.link
    output = await link.run("/bin/sh", "-s", stdin=probe.script("find_pythons.sh"), timeout=FIND_SECONDS)
    try:
        candidates = probe.candidates(output.stdout)
    except ValueError:
        raise RemoteOperationFailed(
            f"{link.address.host} does not run commands for {link.address.username}: {output.complaint}. "
            "Viewing needs a user with a shell there."
        ) from None
    slots = asyncio.Semaphore(AT_ONCE)

    async def look(candidate: Candidate) -> Environment:
        async with slots:
            return await _look(link, candidate)

    found = probe.named(await asyncio.gather(*(look(candidate) for candidate in candidates)))
    if await link.is_breaking():  # then one that said nothing might have said something
        raise ConnectionLost(link.address.id)
    connection.memory[CACHE_KEY] = found
    return found


async def _look(link: Link, candidate: Candidate) -> Environment:
    try:
        output = await link.run(
            candidate.path, "-", stdin=probe.script("describe_python.py"), timeout=DESCRIBE_SECONDS
        )
    except RemoteOperationFailed:  # it hangs: the others can be had all the same
        return probe.environment(candidate, b"")
    return probe.environment(candidate, output.stdout)


async def called(connection: PooledConnection, name: str) -> Environment:
    """The environment of a name or path, as it is now; the machine is searched when it is not known yet.

    Raises:
        EnvironmentNotFound: there is none.
        RemoteOperationFailed: the machine let us look for none.
        ConnectionLost: the connection was lost.
    """
    known: list[Environment] = connection.memory.get(CACHE_KEY, [])
    one = _called(known, name)
    if one is None:
        found = await find(connection)
        one = _called(found, name)
        if one is not None:
            return one
        if not found or any(other.python for other in found):
            raise EnvironmentNotFound(name)
        raise RemoteOperationFailed(
            f"No Python on {connection.address.host} answered: which of them is {name} cannot be told."
        )
    now = await _look(connection.link, Candidate(one.kind, one.tool, one.path))
    return Environment(**(vars(now) | {"name": one.name, "is_default": one.is_default}))


def _called(known: list[Environment], name: str) -> Environment | None:
    return next((one for one in known if name in (one.name, one.path)), None)


def config(connection: PooledConnection, one: Environment) -> RemoteConfig:
    """What a viewer that is to be started in an environment begins with, as the API answers it."""
    return {
        "ok": True,
        "condaEnv": one.name,
        "pythonVersion": f"Python {one.python}",
        "pythonPath": one.path,
        "pythonSupported": one.new_enough,
        "runicornVersion": one.runicorn,
        "runicornIsOurs": one.ours,
        "defaultStorageRoot": one.root,
        "storageRootExists": one.root_exists,
        "suggestedRemotePort": one.port,
        "home": one.home,
        "connectionId": connection.id,
    }


async def read_config(connection: PooledConnection, name: str) -> RemoteConfig:
    """`config` of the environment of that name.

    Raises:
        EnvironmentNotFound: there is none.
        RemoteOperationFailed: its Python does not run.
        ConnectionLost: the connection was lost.
    """
    one = await called(connection, name)
    if one.python is None:
        raise RemoteOperationFailed(f"Failed to run Python in environment: {one.name} ({one.path})")
    return config(connection, one)
