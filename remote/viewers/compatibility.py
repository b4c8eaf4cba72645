"""Choice of the remote environment for a viewer: one with this program in a compatible version."""

from __future__ import annotations

from dataclasses import dataclass

from remote.environments import discovery
from remote.environments.probe import Environment
from remote.errors import RemoteOperationFailed
from remote.ssh.pool import PooledConnection
from remote.viewers.errors import ProgramNotInstalled
from runicorn._version import SDK
from runicorn.message import Message
from runicorn.remote_protocol import OLDEST, OLDEST_PYTHON, is_compatible


@dataclass(frozen=True)
class LaunchTarget:
    """A Python that can run a remote viewer."""

    environment: str
    python: str
    """Path of the interpreter."""
    version: str
    """Version of this program there."""


async def choose_target(connection: PooledConnection, name: str) -> LaunchTarget:
    """Return the launch target of the named environment, or of the default one.

    Raises:
        ProgramNotInstalled: this program is not installed in it; the response says how to install it.
        RemoteOperationFailed: its Python does not run, or the host has no Python.
    """
    one = await _named(connection, name)
    if one.python is None:
        raise RemoteOperationFailed(
            "The Python of environment {name} ({path}) does not run on {host}.",
            name=one.name,
            path=one.path,
            host=connection.address.host,
        )
    fault = launch_problem(one, connection.address.host)
    if fault is not None:
        raise fault
    return LaunchTarget(one.name, one.path, one.runicorn or "")


async def _named(connection: PooledConnection, name: str) -> Environment:
    if name:
        return await discovery.find_by_name(connection, name)
    known: list[Environment] = connection.memory.get(discovery.CACHE_KEY, [])
    if not known:
        fresh = await discovery.find(connection)
        default = next((one for one in fresh if one.is_default), None)
        if default is None:
            raise RemoteOperationFailed(
                "There is no Python on {host} that {username} could run.",
                host=connection.address.host,
                username=connection.address.username,
            )
        return default
    return await discovery.find_by_name(connection, next(one.name for one in known if one.is_default))


def launch_problem(one: Environment, host: str) -> ProgramNotInstalled | None:
    """Return why no viewer can be started in an environment; None if one can."""
    more = {
        "environment": one.name,
        "python": one.path,
        "python_version": one.python,
        "version": one.runicorn,
    }
    where = {"environment": one.name, "host": host}
    if not one.new_enough:
        sentence = Message(
            "The Python of environment {environment} of {host} is {version}. Runicorn needs {wanted} or newer: choose another "
            "environment.",
            **where,
            version=one.python,
            wanted=".".join(map(str, OLDEST_PYTHON)),
        )
        return ProgramNotInstalled("PYTHON_TOO_OLD", sentence, more | {"can_copy": False})
    if one.runicorn is None:
        code = "RUNICORN_MISSING"
        problem = Message("Runicorn is not installed in environment {environment} of {host}.", **where)
    elif one.implementation == SDK:
        code = "RUNICORN_MISSING"
        problem = Message(
            "Environment {environment} of {host} has runicorn-sdk alone, which has no viewer.",
            **where,
        )
    elif not one.ours:
        code = "RUNICORN_FOREIGN"
        problem = Message(
            "The runicorn {version} in environment {environment} of {host} is another program of the same name.",
            **where,
            version=one.runicorn,
        )
    elif not is_compatible(one.runicorn):
        code = "RUNICORN_TOO_OLD"
        problem = Message(
            "The Runicorn in environment {environment} of {host} is {version}; this viewer needs {oldest} or newer there.",
            **where,
            version=one.runicorn,
            oldest=".".join(map(str, OLDEST)),
        )
    else:
        return None
    sentence = Message(
        "{problem} This viewer can copy itself there; you then run one command to install it.",
        problem=problem,
    )
    return ProgramNotInstalled(code, sentence, more | {"can_copy": True})
