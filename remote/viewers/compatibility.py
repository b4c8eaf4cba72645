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
    environment = await _environment(connection, name)
    if environment.python is None:
        raise RemoteOperationFailed(
            "The Python of environment {name} ({path}) does not run on {host}.",
            name=environment.name,
            path=environment.path,
            host=connection.address.host,
        )
    fault = launch_problem(environment, connection.address.host)
    if fault is not None:
        raise fault
    return LaunchTarget(environment.name, environment.path, environment.runicorn or "")


async def _environment(connection: PooledConnection, name: str) -> Environment:
    if name:
        return await discovery.find_by_name(connection, name)
    cached: list[Environment] = connection.memory.get(discovery.CACHE_KEY, [])
    if not cached:
        fresh = await discovery.find(connection)
        default = next((environment for environment in fresh if environment.is_default), None)
        if default is None:
            raise RemoteOperationFailed(
                "There is no Python on {host} that {username} could run.",
                host=connection.address.host,
                username=connection.address.username,
            )
        return default
    return await discovery.find_by_name(
        connection, next(environment.name for environment in cached if environment.is_default)
    )


def launch_problem(environment: Environment, host: str) -> ProgramNotInstalled | None:
    """Return why no viewer can be started in an environment; None if one can."""
    more = {
        "environment": environment.name,
        "python": environment.path,
        "python_version": environment.python,
        "version": environment.runicorn,
    }
    where = {"environment": environment.name, "host": host}
    if not environment.new_enough:
        sentence = Message(
            "The Python of environment {environment} of {host} is {version}. Runicorn needs {wanted} or newer: choose another "
            "environment.",
            **where,
            version=environment.python,
            wanted=".".join(map(str, OLDEST_PYTHON)),
        )
        return ProgramNotInstalled("PYTHON_TOO_OLD", sentence, more | {"can_copy": False})
    if environment.runicorn is None:
        code = "RUNICORN_MISSING"
        problem = Message("Runicorn is not installed in environment {environment} of {host}.", **where)
    elif environment.implementation == SDK:
        code = "RUNICORN_MISSING"
        problem = Message(
            "Environment {environment} of {host} has runicorn-sdk alone, which has no viewer.",
            **where,
        )
    elif not environment.ours:
        code = "RUNICORN_FOREIGN"
        problem = Message(
            "The runicorn {version} in environment {environment} of {host} is another program of the same name.",
            **where,
            version=environment.runicorn,
        )
    elif not is_compatible(environment.runicorn):
        code = "RUNICORN_TOO_OLD"
        problem = Message(
            "The Runicorn in environment {environment} of {host} is {version}; this viewer needs {oldest} or newer there.",
            **where,
            version=environment.runicorn,
            oldest=".".join(map(str, OLDEST)),
        )
    else:
        return None
    sentence = Message(
        "{problem} This viewer can copy itself there; you then run one command to install it.",
        problem=problem,
    )
    return ProgramNotInstalled(code, sentence, more | {"can_copy": True})
