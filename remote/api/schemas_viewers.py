"""What the routes about viewers on other machines answer, for their OpenAPI description: nothing is serialized with these."""

from __future__ import annotations

from rest_framework import serializers as s

from remote.api.schemas import RemoteConnection
from runicorn_site.web.schemas import Schema

STATES = ["connecting", "running", "reconnecting", "failed", "stopped"]
STAGES = ["connect", "environment", "start", "tunnel", "health", ""]


class ViewerSession(Schema):
    """A viewer on another machine and the tunnel to it. Every key is there in camelCase too."""

    session_id = s.CharField()
    connection_id = s.CharField(help_text="user@host:port")
    host = s.CharField(help_text="The SSH host.")
    ssh_port = s.IntegerField()
    username = s.CharField()
    local_port = s.IntegerField(help_text="Of this machine; it stays the same.")
    remote_port = s.IntegerField(help_text="Of the other machine; 0 until it is known.")
    remote_root = s.CharField(help_text="As it was asked for, then absolute.")
    remote_pid = s.IntegerField(allow_null=True)
    remote_version = s.CharField(allow_null=True)
    conda_env = s.CharField(help_text="The name of the environment.")
    status = s.ChoiceField(choices=STATES)
    stage = s.CharField(help_text="Of a start: connect, environment, start, tunnel, health; else empty.")
    error = s.CharField(allow_null=True, help_text="Why it does not run, as a sentence.")
    started_at = s.IntegerField(help_text="Unix milliseconds.")
    uptime_seconds = s.FloatField()
    is_active = s.BooleanField()
    latency_ms = s.FloatField(allow_null=True, help_text="Of a request through the tunnel.")
    last_seen = s.FloatField(allow_null=True, help_text="Unix seconds; when it answered last.")
    reconnect_attempts = s.IntegerField()
    url = s.CharField(
        help_text="Opens it in a browser, once, within five minutes; another one in every answer."
    )
    token = s.CharField(
        allow_null=True, help_text="Bearer token for programs, at `local_port`; null while it does not run."
    )
    sessionId = s.CharField()
    connectionId = s.CharField()
    sshPort = s.IntegerField()
    localPort = s.IntegerField()
    remotePort = s.IntegerField()
    remoteRoot = s.CharField()
    remotePid = s.IntegerField(allow_null=True)
    remoteVersion = s.CharField(allow_null=True)
    condaEnv = s.CharField()
    startedAt = s.IntegerField()
    uptimeSeconds = s.FloatField()
    isActive = s.BooleanField()
    latencyMs = s.FloatField(allow_null=True)
    lastSeen = s.FloatField(allow_null=True)
    reconnectAttempts = s.IntegerField()


class Started(Schema):
    """A viewer that was started, or is being started."""

    ok = s.BooleanField()
    session = ViewerSession()
    message = s.CharField()


class ViewerSessionList(Schema):
    """The viewers on other machines."""

    sessions = ViewerSession(many=True)


class StartConflict(Schema):
    """Why a viewer was not started before somebody does something."""

    detail = s.JSONField(help_text="A sentence; about the host's key an object, see `/api/remote/connect`.")
    code = s.CharField(
        required=False, help_text="PYTHON_TOO_OLD, RUNICORN_MISSING, RUNICORN_TOO_OLD or RUNICORN_FOREIGN."
    )
    can_copy = s.BooleanField(required=False, help_text="Whether `/api/remote/wheel` helps.")
    environment = s.CharField(required=False)
    python = s.CharField(required=False, help_text="The path of its Python.")
    python_version = s.CharField(required=False)
    version = s.CharField(required=False, allow_null=True, help_text="Of the runicorn in it.")


class RemoteStatus(Schema):
    """Connections and viewers together."""

    connections = RemoteConnection(many=True)
    viewer_sessions = ViewerSession(many=True)
    connection_count = s.IntegerField()
    viewer_session_count = s.IntegerField()


class ProgramCopied(Schema):
    """Where this program lies on the other machine."""

    ok = s.BooleanField()
    file = s.CharField(help_text="Absolute.")
    size = s.IntegerField(help_text="Bytes.")
    python = s.CharField(help_text="The Python of the environment.")
    command = s.CharField(help_text="Installs the file, in a shell over there.")
    message = s.CharField()
