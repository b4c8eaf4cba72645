"""Request serializers of the API of remote viewers, and the response about a session."""

from __future__ import annotations

from typing import Any, cast

from rest_framework import serializers

from remote.api.requests import EXACT, ConnectArguments, ConnectBody, ConnectionQuery
from remote.services.viewers import patience
from remote.ssh import address as addresses
from remote.ssh.address import InvalidAddress
from remote.viewers.session import Session, SessionParameters
from runicorn.api.responses.remote import ViewerSession, ViewerSessionFields
from runicorn_site.web.serializers import Body

ADDRESS = ("host", "username")
LOGIN = ("password", "private_key", "private_key_path", "passphrase")


class StartViewerArguments(ConnectArguments):
    """Validated fields of `StartViewerBody`."""

    wanted: SessionParameters
    wait: bool


class StartViewerBody(ConnectBody):
    """Host and credentials or an open connection, and what the viewer shows."""

    host = serializers.CharField(max_length=300, required=False, help_text="A name or an address.", **EXACT)
    username = serializers.CharField(max_length=255, required=False, **EXACT)
    connection_id = serializers.CharField(
        max_length=600,
        required=False,
        help_text="Of an open connection, in place of host, username and what proves who they are.",
        **EXACT,
    )
    remote_root = serializers.CharField(
        max_length=4096, help_text="The storage root there; `~` is the home there.", **EXACT
    )
    local_port = serializers.IntegerField(
        min_value=0, max_value=65535, default=0, help_text="0 for any free one."
    )
    remote_port = serializers.IntegerField(
        min_value=0, max_value=65535, default=0, help_text="0 for any free one."
    )
    conda_env = serializers.CharField(
        max_length=4096,
        default="",
        allow_blank=True,
        help_text="The name or path of an environment of any kind; without it the default one.",
        **EXACT,
    )
    wait = serializers.BooleanField(
        default=True,
        help_text="Answer when it runs. Else at once: `viewer/status` then tells how far it is.",
    )

    def validate(self, fields: dict[str, Any]) -> StartViewerArguments:
        """Require either an open connection or an address with credentials."""
        wanted = SessionParameters(
            root=fields["remote_root"],
            environment=fields["conda_env"],
            local_port=fields["local_port"],
            remote_port=fields["remote_port"],
            patience=patience(),
        )
        wait, connection_id = fields["wait"], fields.get("connection_id")
        if connection_id is None:
            missing = [name for name in ADDRESS if name not in fields]
            if missing:
                raise serializers.ValidationError(
                    {name: ["This field is required without a connection_id."] for name in missing}
                )
            return {**super().validate(fields), "wanted": wanted, "wait": wait}
        both = [name for name in (*ADDRESS, *LOGIN) if name in fields]
        if both:
            raise serializers.ValidationError(
                {name: ["Give this or a connection_id, not both."] for name in both}
            )
        try:
            address = addresses.from_id(connection_id)
        except InvalidAddress as error:
            raise serializers.ValidationError({"connection_id": [str(error)]}) from error
        return {"address": address, "wanted": wanted, "wait": wait}


class StopViewerBody(Body):
    """The viewer to stop."""

    session_id = serializers.CharField(max_length=64, **EXACT)


class CopyProgramBody(ConnectionQuery, Body):
    """Where to copy this program, and for which environment."""

    conda_env = serializers.CharField(
        default="system", max_length=4096, help_text="The name or path of an environment.", **EXACT
    )


def session_to_dict(session: Session) -> ViewerSession:
    """Serialize a session, each key in both spellings; its `url` opens it once, within five minutes."""
    report, place = session.report, session.place
    fields: ViewerSessionFields = {
        "session_id": session.id,
        "connection_id": session.address.id,
        "host": session.address.host,
        "ssh_port": session.address.port,
        "username": session.address.username,
        "local_port": session.tunnel.port,
        "remote_port": session.wanted.remote_port if report is None else report.port,
        "remote_root": session.wanted.root if report is None else report.root,
        "remote_pid": None if report is None else report.pid,
        "remote_version": None if report is None else report.version,
        "conda_env": session.wanted.environment if place is None else place.environment,
        "status": session.state,
        "stage": session.stage,
        "error": session.trouble or None,
        "started_at": int(session.started_at * 1000),
        "uptime_seconds": round(session.uptime, 3),
        "is_active": session.state == "running",
        "latency_ms": None if session.latency is None else round(session.latency * 1000, 2),
        "last_seen": session.seen_at,
        "reconnect_attempts": session.attempts,
        "url": session.url,
        "token": session.token,
    }
    return cast(ViewerSession, fields | {_camel_case(name): value for name, value in fields.items()})


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
