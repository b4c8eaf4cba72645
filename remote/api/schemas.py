"""What the routes about other machines answer, for their OpenAPI description: nothing is serialized with these."""

from __future__ import annotations

from rest_framework import serializers as s

from runicorn_site.web.schemas import Problem, Schema

__all__ = ["Problem"]


class Connected(Schema):
    """A connection that is open."""

    ok = s.BooleanField()
    connection_id = s.CharField(help_text="user@host:port, an IPv6 address in brackets.")
    host = s.CharField()
    port = s.IntegerField()
    username = s.CharField()
    connected = s.BooleanField()


class RemoteConnection(Schema):
    """A connection in the list of them."""

    key = s.CharField(help_text="The connection_id.")
    connection_id = s.CharField()
    host = s.CharField()
    port = s.IntegerField()
    username = s.CharField()
    connected = s.BooleanField()
    state = s.ChoiceField(choices=["connected", "reconnecting"])
    auth_method = s.CharField(help_text="password, key or agent.")
    connected_at = s.FloatField(help_text="Unix seconds.")
    last_seen = s.FloatField(help_text="Unix seconds; when the host answered last.")
    latency_ms = s.FloatField(allow_null=True, help_text="There and back.")
    reconnect_attempts = s.IntegerField()
    trouble = s.CharField(help_text="Why it is not connected, as a sentence; empty when it is.")


class RemoteConnections(Schema):
    """The open connections."""

    sessions = RemoteConnection(many=True)


class Ended(Schema):
    """That it was done."""

    ok = s.BooleanField()
    message = s.CharField()


class Accepted(Schema):
    """That a key is trusted from now on."""

    ok = s.BooleanField()


class Forgotten(Schema):
    """That a key is not trusted any more."""

    ok = s.BooleanField()
    changed = s.BooleanField(help_text="Whether there was such a key.")


class KnownHostEntry(Schema):
    """A key that a host is known by."""

    host = s.CharField()
    port = s.IntegerField()
    known_hosts_host = s.CharField(help_text="As it is written in the file.")
    key_type = s.CharField()
    key_base64 = s.CharField()
    fingerprint_sha256 = s.CharField()


class KnownHostList(Schema):
    """The keys of known hosts, in the order of the file."""

    entries = KnownHostEntry(many=True)


class HostKeyQuestion(Schema):
    """The key that a host shows, and what it was expected to show."""

    host = s.CharField()
    port = s.IntegerField()
    known_hosts_host = s.CharField()
    key_type = s.CharField()
    fingerprint_sha256 = s.CharField()
    public_key = s.CharField(help_text="`<type> <base64>`")
    reason = s.ChoiceField(choices=["unknown", "changed"])
    expected_fingerprint_sha256 = s.CharField(required=False, help_text="Only when it changed.")
    expected_public_key = s.CharField(required=False, help_text="Only when it changed.")


class HostKeyDetail(Schema):
    """Why a connection was not made: somebody has to look at the host's key."""

    code = s.ChoiceField(choices=["HOST_KEY_CONFIRMATION_REQUIRED"])
    message = s.CharField()
    host_key = HostKeyQuestion()


class HostKeyProblem(Schema):
    """The one error whose detail is an object."""

    detail = HostKeyDetail()


class RemoteEnvironment(Schema):
    """A Python on another machine."""

    name = s.CharField()
    type = s.ChoiceField(choices=["system", "conda", "virtualenv"])
    tool = s.CharField(help_text="system, conda, venv, pyenv, uv or pipx.")
    path = s.CharField(help_text="Of the Python.")
    python_version = s.CharField(help_text="`Python 3.12.1`, or `Unknown` when it does not run.")
    python_supported = s.BooleanField(help_text="Whether this Runicorn runs on it.")
    runicorn_version = s.CharField(allow_null=True)
    runicorn_is_ours = s.BooleanField(
        help_text="Whether that is this program, and not another one of its name."
    )
    is_default = s.BooleanField()


class RemoteEnvironments(Schema):
    """The Pythons of another machine."""

    ok = s.BooleanField()
    envs = RemoteEnvironment(many=True)


class RemoteConfig(Schema):
    """What a viewer that is to be started in an environment begins with."""

    ok = s.BooleanField()
    condaEnv = s.CharField()
    pythonVersion = s.CharField()
    pythonPath = s.CharField()
    pythonSupported = s.BooleanField()
    runicornVersion = s.CharField(allow_null=True)
    runicornIsOurs = s.BooleanField()
    defaultStorageRoot = s.CharField()
    storageRootExists = s.BooleanField()
    suggestedRemotePort = s.IntegerField(help_text="Free a moment ago.")
    home = s.CharField()
    connectionId = s.CharField()


class RemoteEntry(Schema):
    """A file or folder over there."""

    name = s.CharField()
    is_dir = s.BooleanField()
    size = s.IntegerField(help_text="Bytes; 0 of folders.")
    mtime = s.IntegerField(help_text="Unix seconds.")


class RemoteFolder(Schema):
    """What lies in a folder over there: folders first, then by name."""

    path = s.CharField(help_text="Absolute.")
    items = RemoteEntry(many=True)
    truncated = s.BooleanField(help_text="Whether there is more than the first 10,000.")


class RemotePath(Schema):
    """Whether something is there."""

    path = s.CharField(help_text="Absolute.")
    exists = s.BooleanField()
    is_dir = s.BooleanField()


class Saved(Schema):
    """A saved connection, without its secrets."""

    key = s.CharField(help_text="user@host:port@user")
    host = s.CharField()
    port = s.IntegerField()
    username = s.CharField()
    name = s.CharField()
    auth_method = s.ChoiceField(choices=["password", "key", "agent"])
    remember_password = s.BooleanField()
    private_key_path = s.CharField(allow_null=True)
    has_password = s.BooleanField()
    has_private_key = s.BooleanField()
    has_passphrase = s.BooleanField()


class SavedList(Schema):
    """The saved connections."""

    connections = Saved(many=True)


class SavedOne(Schema):
    """One saved connection."""

    ok = s.BooleanField()
    connection = Saved()


class Kept(Schema):
    """That a connection was saved."""

    ok = s.BooleanField()
    message = s.CharField()
    key = s.CharField()


class AllSaved(Schema):
    """The saved connections, each with the fields of its own that it was saved with."""

    ok = s.BooleanField()
    connections = Saved(many=True)
