"""Discovery of the Python environments of a remote host, by two scripts sent over standard input."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from remote.environments import probe
from remote.environments.probe import Candidate, Environment
from remote.errors import ConnectionCut, Failed, NoEnvironment
from remote.ssh.client import Link
from remote.ssh.pool import Held

if TYPE_CHECKING:
    from runicorn.api.responses.remote import RemoteConfig

FIND_SECONDS = 20.0
TELL_SECONDS = 20.0
AT_ONCE = 4
"""Pythons that start at the same time: sshd allows ten sessions a connection."""
KEPT = "environments"


async def find(held: Held) -> list[Environment]:
    """All of them, looked for anew.

    Raises:
        Failed: the machine let us look for none.
        ConnectionCut: the connection was lost.
    """
    link = held.link
    output = await link.run("/bin/sh", "-s", stdin=probe.script("find_pythons.sh"), timeout=FIND_SECONDS)
    try:
        candidates = probe.candidates(output.stdout)
    except ValueError:
        raise Failed(
            f"{link.address.host} does not run commands for {link.address.username}: {output.complaint}. "
            "Viewing needs a user with a shell there."
        ) from None
    slots = asyncio.Semaphore(AT_ONCE)

    async def look(candidate: Candidate) -> Environment:
        async with slots:
            return await _look(link, candidate)

    found = probe.named(await asyncio.gather(*(look(candidate) for candidate in candidates)))
    if await link.is_breaking():  # then one that said nothing might have said something
        raise ConnectionCut(link.address.id)
    held.memory[KEPT] = found
    return found


async def _look(link: Link, candidate: Candidate) -> Environment:
    try:
        output = await link.run(
            candidate.path, "-", stdin=probe.script("describe_python.py"), timeout=TELL_SECONDS
        )
    except Failed:  # it hangs: the others can be had all the same
        return probe.environment(candidate, b"")
    return probe.environment(candidate, output.stdout)


async def called(held: Held, name: str) -> Environment:
    """The environment of a name or path, as it is now; the machine is searched when it is not known yet.

    Raises:
        NoEnvironment: there is none.
        Failed: the machine let us look for none.
        ConnectionCut: the connection was lost.
    """
    known: list[Environment] = held.memory.get(KEPT, [])
    one = _called(known, name)
    if one is None:
        found = await find(held)
        one = _called(found, name)
        if one is not None:
            return one
        if not found or any(other.python for other in found):
            raise NoEnvironment(name)
        raise Failed(f"No Python on {held.address.host} answered: which of them is {name} cannot be told.")
    now = await _look(held.link, Candidate(one.kind, one.tool, one.path))
    return Environment(**(vars(now) | {"name": one.name, "is_default": one.is_default}))


def _called(known: list[Environment], name: str) -> Environment | None:
    return next((one for one in known if name in (one.name, one.path)), None)


def config(held: Held, one: Environment) -> RemoteConfig:
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
        "connectionId": held.id,
    }


async def read_config(held: Held, name: str) -> RemoteConfig:
    """`config` of the environment of that name.

    Raises:
        NoEnvironment: there is none.
        Failed: its Python does not run.
        ConnectionCut: the connection was lost.
    """
    one = await called(held, name)
    if one.python is None:
        raise Failed(f"Failed to run Python in environment: {one.name} ({one.path})")
    return config(held, one)
