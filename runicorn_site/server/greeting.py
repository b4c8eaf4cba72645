"""Lines that a viewer prints when it is ready."""

from __future__ import annotations

import os
import shlex
import socket
from contextlib import suppress
from pathlib import Path

from people.services import has_administrators
from runicorn.settings import known_roots
from runicorn.settings import user as own
from runicorn_site.database import prepare as database
from runicorn_site.security.accounts import other_people, others_use_this_machine
from runicorn_site.security.guard import Policy
from runicorn_site.security.listening import is_everywhere
from runicorn_site.server.options import Options

MOST_NAMES = 3


def lines(entry: str, root: Path, options: Options, policy: Policy, token_file: Path | None) -> list[str]:
    """Return a line with the address, and one for each notice.

    Args:
        entry: address that opens the dashboard.
        token_file: of a token that the viewer made.
    """
    texts = [f"Runicorn at {entry} shows {root}"]
    if not any(path.is_dir() for path in root.glob("[!.]*")):
        texts += [
            f"Runs were written to {other.path}: runicorn viewer --storage {shlex.quote(str(other.path))}"
            for other in known_roots.others(root, 1)
        ]
    if options.socket is not None:
        path = entry.removeprefix("unix:")
        texts.append(
            f"From your machine: ssh -L 23300:{path} {socket.gethostname()}, then http://localhost:23300{policy.forwarding.base}"
        )
    texts += about_users(policy) if policy.people is not None else about_others(options, policy)
    if token_file is not None:
        texts.append(f"The address works once. The token for other browsers and programs is in {token_file}.")
    if is_everywhere(options.host) and not options.allowed_hosts:
        texts.append("Allow the names by which others reach this machine: --allowed-host NAME.")
    return texts + database.notices


def notify_systemd() -> None:
    """Report to a unit of `Type=notify` that the viewer serves."""
    if address := os.environ.pop("NOTIFY_SOCKET", ""):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(b"READY=1", address)


def about_users(policy: Policy) -> list[str]:
    texts = ["Users sign in. Training scripts send an API token, which users create on their account page."]
    if not has_administrators() and not policy.forwarding.user_header:
        texts.append(
            "This viewer has no administrator yet: runicorn user add NAME --role admin prints an invitation."
        )
    return texts


def about_others(options: Options, policy: Policy) -> list[str]:
    if options.socket or options.token or own.get("RUNICORN_TOKEN") or not others_use_this_machine():
        return []
    if policy.tokens is None:
        return [
            "Every user of this machine can open it and act as you: leave out --no-token to prevent that."
        ]
    names = ", ".join(other_people()[:MOST_NAMES]) or "RUNICORN_OTHER_USERS=yes"
    passing = "your own programs and browsers need no token" if policy.owner is not None else ""
    exception = f"; {passing}" if passing else ""
    return [f"Other people use this machine ({names}): they are asked for a token{exception}."]
