"""`runicorn user`: the users of a viewer that runs with `--users`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.settings import user as own
from runicorn_site.cli.support.durable import durable
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import NOT_AVAILABLE, USAGE

COLUMNS = ("name", "state", "role", "in projects", "groups", "last sign-in")


class UserAction(StrEnum):
    """Action of the command."""

    ADD = "add"
    LIST = "list"
    INVITE = "invite"
    ROLE = "role"
    JOIN = "join"
    LEAVE = "leave"
    DISABLE = "disable"
    ENABLE = "enable"
    RESTRICT = "restrict"
    OPEN = "open"


class RoleName(StrEnum):
    """Role on the command line."""

    READ = "read"
    WRITE_OWN = "write-own"
    WRITE_ALL = "write-all"
    CURATE = "curate"
    ADMIN = "admin"
    NONE = "none"


def user(
    action: Annotated[UserAction, typer.Argument(help="add and invite print a link that works once.")],
    name: Annotated[
        str,
        typer.Argument(
            help="The user; role: also @GROUP for the members of a group. restrict, open: the project, or all others."
        ),
    ] = "",
    group: Annotated[str, typer.Argument(help="join, leave: the group.")] = "",
    role: Annotated[
        RoleName | None, typer.Option(help="add, role: the role; none removes it. Default: read.")
    ] = None,
    project: Annotated[str, typer.Option(help="role: apply the role to this project only.")] = "",
    storage: Annotated[
        Path | None, typer.Option(help="Ignored; users are not stored in a storage root.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="list: print JSON.")] = False,
) -> None:
    """Create, list and change the users of a viewer that runs with --users.

    Changes take effect in a running viewer within a second.

    Examples:

      runicorn user add ada --role admin

      runicorn user add bo

      runicorn user role bo --role curate --project vision

      runicorn user join bo lab

      runicorn user role @lab --role write-own

      runicorn user disable bo

      runicorn user restrict vision
    """
    if action not in (UserAction.LIST, UserAction.RESTRICT, UserAction.OPEN) and not name:
        common.exit_with(f"{action} needs the name of a user", USAGE)
    if action in (UserAction.JOIN, UserAction.LEAVE) and not group:
        common.exit_with(f"{action} needs a user and a group", USAGE)
    with opened():
        if action is UserAction.LIST:
            _list(as_json)
        else:
            _change(action, name, group, role, project)


@contextmanager
def opened() -> Iterator[None]:
    """Open the accounts, and exit with the sentence of an error."""
    os.environ["RUNICORN_USERS"] = "yes"
    with durable("The accounts"):
        from people.errors import InvalidChange, UnknownUser

        try:
            yield
        except InvalidChange as error:
            common.exit_with(str(error), USAGE)
        except UnknownUser as error:
            common.exit_with(error.args[0], NOT_AVAILABLE)


def _change(action: UserAction, name: str, group: str, role: RoleName | None, project: str) -> None:
    from people import services
    from people.access.actor import Role
    from people.changes import record_command

    chosen_role = None if role in (None, RoleName.NONE) else Role(role)
    record_command("runicorn user", action, name)
    if action is UserAction.ADD:
        services.add_user(name, chosen_role or Role.READ)
        _print_link(services.invite(services.user_named(name)))
        return
    if action is UserAction.ROLE:
        if role is None:
            common.exit_with("role needs --role", USAGE)
        whom = services.group_named(name[1:]) if name.startswith("@") else services.user_named(name)
        services.set_role(whom, chosen_role, project)
        typer.echo(f"{name}: {role}{f' in {project}' if project else ''}")
        return
    if action in (UserAction.RESTRICT, UserAction.OPEN):
        services.set_access(name, action is UserAction.OPEN)
        who = "all users" if action is UserAction.OPEN else "administrators and users with a role in it"
        typer.echo(f"{name or 'Every other project'}: readable by {who}")
        return
    user = services.user_named(name)
    if action is UserAction.INVITE:
        _print_link(services.invite(user))
    elif action in (UserAction.JOIN, UserAction.LEAVE):
        services.set_member(user, services.group_named(group), action is UserAction.JOIN)
        typer.echo(f"{name} {'is' if action is UserAction.JOIN else 'is not'} in {group}")
    else:
        services.set_active(user, action is UserAction.ENABLE)
        typer.echo(f"{name} is {action}d")


def _print_link(secret: str) -> None:
    urls = [str(note["url"]) for note in own.running_viewers() if note.get("token_needed")]
    base = own.get("RUNICORN_PUBLIC_URL") or next(iter(urls), "http://127.0.0.1:23300")
    typer.echo(f"{base.rstrip('/')}/invitations/{secret}")


def _list(as_json: bool) -> None:
    from people.models import ProjectAccess
    from people.services import accounts

    access = dict(ProjectAccess.objects.order_by("project").values_list("project", "is_open"))
    rows = [_entry(row) for row in accounts()]
    if as_json:
        common.print_json({"users": rows, "all_users_read": access.pop("", True), "projects": access})
    elif rows:
        table = [
            (
                row["name"],
                row["state"],
                row["role"],
                ", ".join(f"{role} in {project}" for project, role in row["projects"].items()),
                ", ".join(row["groups"]),
                common.format_time(row["last_sign_in"]) if row["last_sign_in"] else "never",
            )
            for row in rows
        ]
        common.print_table(COLUMNS, table)
    else:
        typer.echo("There are no users.")
    if not as_json:
        for project, is_open in access.items():
            typer.echo(f"{project or 'every other project'}: {'open' if is_open else 'restricted'}")


def _entry(row: Any) -> dict[str, Any]:
    grants = {grant.project: grant.role for grant in row.grants.all()}
    return {
        "name": row.username,
        "state": "active" if row.is_active else "disabled",
        "role": grants.pop("", RoleName.READ.value),
        "projects": grants,
        "groups": sorted(group.name for group in row.groups.all()),
        "last_sign_in": row.last_login.timestamp() if row.last_login else None,
    }
