"""Where a viewer can be started on another machine: an environment that has this program, in a version to talk to."""

from __future__ import annotations

from dataclasses import dataclass

from remote.environments import discovery
from remote.environments.probe import Environment
from remote.errors import RemoteOperationFailed
from remote.ssh.pool import PooledConnection
from remote.viewers.errors import ProgramNotInstalled
from runicorn.remote_protocol import OLDEST, OLDEST_PYTHON, is_compatible


@dataclass(frozen=True)
class LaunchTarget:
    """A Python that can run our viewer."""

    environment: str
    python: str
    """The path of its interpreter."""
    version: str
    """Of our program there."""


async def chosen(connection: PooledConnection, name: str) -> LaunchTarget:
    """The environment of a name, or the default one, if a viewer can be started in it.

    Raises:
        EnvironmentNotFound: there is none of that name.
        ProgramNotInstalled: our program is not in it; the answer says how to bring it there.
        RemoteOperationFailed: its Python does not run, or there is none at all.
        ConnectionLost: the connection was lost.
    """
    one = await _named(connection, name)
    if one.python is None:
        raise RemoteOperationFailed(
            f"The Python of environment {one.name} ({one.path}) does not run on {connection.address.host}."
        )
    fault = launch_problem(one, connection.address.host)
    if fault is not None:
        raise fault
    return LaunchTarget(one.name, one.path, one.runicorn or "")


async def _named(connection: PooledConnection, name: str) -> Environment:
    if name:
        return await discovery.called(connection, name)
    known: list[Environment] = connection.memory.get(discovery.CACHE_KEY, [])
    if not known:
        fresh = await discovery.find(connection)
        default = next((one for one in fresh if one.is_default), None)
        if default is None:
            raise RemoteOperationFailed(
                f"There is no Python on {connection.address.host} that {connection.address.username} could run."
            )
        return default
    return await discovery.called(connection, next(one.name for one in known if one.is_default))


def launch_problem(one: Environment, host: str) -> ProgramNotInstalled | None:
    """Why no viewer can be started in an environment; `None` where one can."""
    where = f"environment {one.name} of {host}"
    more = {
        "environment": one.name,
        "python": one.path,
        "python_version": one.python,
        "version": one.runicorn,
    }
    wanted = ".".join(map(str, OLDEST_PYTHON))
    if not one.new_enough:
        sentence = f"The Python of {where} is {one.python}: Runicorn needs {wanted} or newer. Choose another environment."
        return ProgramNotInstalled("PYTHON_TOO_OLD", sentence, more | {"can_copy": False})
    advice = "This viewer can copy itself there; a command then installs it."
    if one.runicorn is None:
        sentence = f"There is no Runicorn in {where}. {advice}"
        return ProgramNotInstalled("RUNICORN_MISSING", sentence, more | {"can_copy": True})
    if not one.ours:
        sentence = f"The runicorn {one.runicorn} in {where} is another program of that name. {advice}"
        return ProgramNotInstalled("RUNICORN_FOREIGN", sentence, more | {"can_copy": True})
    if not is_compatible(one.runicorn):
        oldest = ".".join(map(str, OLDEST))
        sentence = (
            f"The Runicorn in {where} is {one.runicorn}: this viewer can talk to {oldest} and newer. {advice}"
        )
        return ProgramNotInstalled("RUNICORN_TOO_OLD", sentence, more | {"can_copy": True})
    return None
