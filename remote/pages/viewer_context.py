"""Template contexts of the pages that start and show viewers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from django.utils.translation import gettext_lazy as _

from remote.environments.probe import Environment
from remote.pages.context import machine, machine_address
from remote.services import environments
from remote.viewers.session import LIMITS
from runicorn.api.responses.remote import RemoteConnection

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

STAGES = {
    "connect": _("Connect"),
    "environment": _("Check the environment"),
    "start": _("Start the viewer"),
    "tunnel": _("Open the tunnel"),
    "health": _("Check connection"),
}

ADVICE = {
    "connect": _("Check that the host is on and reachable, then connect again."),
    "environment": _("Choose another environment, or repair this one and try again."),
    "start": _("Try another environment or storage root."),
    "tunnel": _("The SSH server may forbid forwarding: AllowTcpForwarding must be on for this user."),
    "health": _("The host may be busy. Try again."),
    "": _("Start it again, or check the host."),
}


def advice(stage: str, is_connected: bool) -> _StrOrPromise:
    """Return what to do about a failure in a stage; why a connection was closed says it itself."""
    return ADVICE[stage] if stage or is_connected else ""


class StartContext(TypedDict):
    machine: RemoteConnection
    choice: environments.Choice
    environment: Environment
    environments_url: str
    browse_url: str
    recheck_url: str
    entered: dict[str, str]
    suggested: bool


def start_context(connection_id: str, environment: str, entered: dict[str, str]) -> StartContext:
    """Return the context of the form that starts a viewer in an environment."""
    choice = environments.choice(connection_id, environment)
    root = entered.get("root") or choice.environment.root
    return {
        "machine": machine(connection_id),
        "choice": choice,
        "environment": choice.environment,
        "environments_url": machine_address(connection_id),
        "browse_url": machine_address(
            connection_id, "remote-folders", environment=choice.environment.name, path=root
        ),
        "recheck_url": machine_address(connection_id, "remote-start", environment=choice.environment.name),
        "entered": {**entered, "root": root},
        "suggested": root == choice.environment.root,
    }


class Stage(TypedDict):
    """A stage of a start: its state is `done`, `now`, `failed` or `later`; it may take so many seconds."""

    name: str
    label: _StrOrPromise
    state: str
    seconds: float


def stages(status: str, current: str) -> list[Stage]:
    """Return the stages of a start; none for a viewer that failed after it."""
    if status == "failed" and not current:
        return []
    names = list(STAGES)
    at = names.index(current) if current in names else len(names)
    steps = []
    for number, name in enumerate(names):
        state = "done" if number < at else "later"
        if number == at:
            state = "failed" if status == "failed" else "now"
        steps.append(Stage(name=name, label=STAGES[name], state=state, seconds=LIMITS[name]))
    return steps
