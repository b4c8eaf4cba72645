"""Request serializers and session responses of the API of remote viewers."""

from __future__ import annotations

from typing import Any, cast

from rest_framework import serializers

from remote.api.requests import EXACT, ConnectBody, ConnectionQuery
from remote.services.viewers import patience
from remote.ssh import address as addresses
from remote.ssh.address import InvalidAddress
from remote.viewers.session import Session, SessionParameters
from runicorn.api.responses.remote import ViewerSession, ViewerSessionFields
from runicorn_site.web.serializers import Body

ADDRESS = ("host", "username")
LOGIN = ("password", "private_key", "private_key_path", "passphrase")


class StartViewerBody(ConnectBody):
    """A host with credentials or an open connection, and the parameters of the viewer."""

    host = serializers.CharField(
        max_length=300, required=False, help_text="A host name or an IP address.", **EXACT
    )
    username = serializers.CharField(max_length=255, required=False, **EXACT)
    connection_id = serializers.CharField(
        max_length=600,
        required=False,
        help_text="Id of an open connection, in target of host, username and credentials.",
        **EXACT,
    )
    remote_root = serializers.CharField(
        max_length=4096, help_text="The remote storage root; `~` is the remote user's home.", **EXACT
    )
    local_port = serializers.IntegerField(
        min_value=0, max_value=65535, default=0, help_text="0 for any free port."
    )
    remote_port = serializers.IntegerField(
        min_value=0, max_value=65535, default=0, help_text="0 for any free port."
    )
    conda_env = serializers.CharField(
        max_length=4096,
        default="",
        allow_blank=True,
        help_text="Name or path of an environment of any kind; the default environment if missing.",
        **EXACT,
    )
    wait = serializers.BooleanField(
        default=True,
        help_text="Respond once the viewer runs. If false, respond at once; poll `viewer/status` for the progress.",
    )

    def validate(self, fields: dict[str, Any]) -> Any:
        """Require either an open connection or an address with credentials."""
        parameters = SessionParameters(
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
            return {**super().validate(fields), "parameters": parameters, "wait": wait}
        both = [name for name in (*ADDRESS, *LOGIN) if name in fields]
        if both:
            raise serializers.ValidationError(
                {name: ["Give this or a connection_id, not both."] for name in both}
            )
        try:
            address = addresses.from_id(connection_id)
        except InvalidAddress as error:
            raise serializers.ValidationError({"connection_id": [str(error)]}) from error
        return {"address": address, "parameters": parameters, "wait": wait}


class StopViewerBody(Body):
    """The viewer to stop."""

    session_id = serializers.CharField(max_length=64, **EXACT)


class CopyProgramBody(ConnectionQuery, Body):
    """Connection and environment to copy this program to."""

    conda_env = serializers.CharField(
        default="system", max_length=4096, help_text="Name or path of an environment.", **EXACT
    )


def session_to_dict(session: Session) -> ViewerSession:
    """Serialize a session with each key in camel case and snake case; its `url` is a one-time link, valid for five minutes."""
    report, target = session.report, session.target
    fields: ViewerSessionFields = {
        "session_id": session.id,
        "connection_id": session.address.id,
        "host": session.address.host,
        "ssh_port": session.address.port,
        "username": session.address.username,
        "local_port": session.tunnel.port,
        "remote_port": session.parameters.remote_port if report is None else report.port,
        "remote_root": session.parameters.root if report is None else report.root,
        "remote_pid": None if report is None else report.pid,
        "remote_version": None if report is None else report.version,
        "conda_env": session.parameters.environment if target is None else target.environment,
        "status": session.state,
        "stage": session.stage,
        "error": session.error_message or None,
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
