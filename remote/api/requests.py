"""Request serializers of the API about remote hosts."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rest_framework import serializers

from remote.ssh import address as addresses
from remote.ssh import known_hosts
from remote.ssh.address import InvalidAddress
from remote.ssh.credentials import Credentials
from remote.ssh.known_hosts import HostKey
from runicorn_site.web.serializers import Body, Query

SECRET: dict[str, Any] = {"required": False, "trim_whitespace": False, "write_only": True}
EXACT: dict[str, Any] = {"trim_whitespace": False}
CONTROL = "\r\n"


def _port(**more: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=65535, **more)


class AddressBody(Body):
    """A user on a host."""

    host = serializers.CharField(max_length=300, help_text="A host name or an IP address.", **EXACT)
    port = _port(default=addresses.SSH_PORT)
    username = serializers.CharField(max_length=255, **EXACT)

    def validate(self, fields: dict[str, Any]) -> Any:
        """Validate the address."""
        try:
            address = addresses.address(fields["host"], fields["port"], fields["username"])
        except InvalidAddress as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from error
        return {"address": address}


class LoginBody(AddressBody):
    """A user on a host, with secrets."""

    password = serializers.CharField(max_length=1024, allow_blank=True, **SECRET)
    private_key = serializers.CharField(max_length=65536, help_text="The private key as text.", **SECRET)
    private_key_path = serializers.CharField(
        max_length=4096, required=False, help_text="A key file on the machine of this viewer.", **EXACT
    )
    passphrase = serializers.CharField(
        max_length=1024, allow_blank=True, help_text="Passphrase of the private key.", **SECRET
    )


class ConnectBody(LoginBody):
    """A user on a host, with credentials."""

    use_agent = serializers.BooleanField(
        default=True,
        help_text="Use the SSH agent of the machine of this viewer when neither a password nor a key is given.",
    )

    def validate(self, fields: dict[str, Any]) -> Any:
        """Validate the address, and require credentials or the agent."""
        names = ("password", "private_key", "private_key_path", "passphrase", "use_agent")
        credentials = Credentials(**{name: fields[name] for name in names if name in fields})
        if credentials.method == "none":
            sentence = "use_agent: without the SSH agent, a password, a key or a key file is required."
            raise serializers.ValidationError({"use_agent": [sentence]})
        return {**super().validate(fields), "credentials": credentials}


class AcceptHostKeyBody(Body):
    """A key that a host presented, as in the 409 response."""

    host = serializers.CharField(max_length=300, allow_blank=True, **EXACT)
    port = _port(default=addresses.SSH_PORT)
    key_type = serializers.CharField(max_length=100, allow_blank=True, **EXACT)
    public_key = serializers.CharField(
        min_length=1, max_length=known_hosts.LONGEST_KEY, help_text="`<type> <base64>`", **EXACT
    )
    fingerprint_sha256 = serializers.CharField(
        max_length=100, allow_blank=True, help_text="`SHA256:…`; must match the key.", **EXACT
    )

    def validate(self, fields: dict[str, Any]) -> Any:
        """Validate the host, and parse the key."""
        for name in ("host", "key_type", "fingerprint_sha256"):
            _refuse(not fields[name], name, f"Invalid {name}")
        _refuse(any(end in fields["public_key"] for end in CONTROL), "public_key", "Invalid public_key")
        for name in ("host", "key_type", "fingerprint_sha256"):
            _refuse(
                len(fields[name].split()) != 1 or fields[name] != fields[name].strip(),
                name,
                f"Invalid {name}",
            )
        try:
            host = addresses.checked_host(fields["host"])
        except InvalidAddress:  # a list of hosts or a pattern
            _refuse(True, "host", "Invalid host")
        return {"host": host, "port": fields["port"], "key": _key(fields)}


def _key(fields: dict[str, Any]) -> HostKey:
    try:
        key = known_hosts.public_key(fields["public_key"])
    except known_hosts.BadPublicKey as error:
        sentence = str(error)
        _refuse(
            True, "public_key", sentence if "public_key" in sentence else f"Invalid public_key: {sentence}"
        )
    _refuse(key.key_type != fields["key_type"], "key_type", "key_type does not match public_key")
    same = key.fingerprint == fields["fingerprint_sha256"]
    _refuse(not same, "fingerprint_sha256", "fingerprint_sha256 does not match public_key")
    return key


def _refuse(wrong: bool, field: str, sentence: str) -> None:
    if wrong:
        raise serializers.ValidationError({field: [sentence]})


class RemoveHostKeyBody(Body):
    """A host and the type of the keys to remove."""

    host = serializers.CharField(max_length=512, allow_blank=True, **EXACT)
    port = _port(default=addresses.SSH_PORT)
    key_type = serializers.CharField(max_length=100, allow_blank=True, **EXACT)

    def validate(self, fields: dict[str, Any]) -> Any:
        """Normalize the host."""
        for name in ("host", "key_type"):
            value = fields[name]
            _refuse(not value or any(c.isspace() or c == "," for c in value), name, f"Invalid {name}")
        host = fields["host"]
        # A name in the file may not be a host, for example a hashed one.
        with suppress(InvalidAddress):
            host = addresses.checked_host(host)
        return {"host": host, "port": fields["port"], "key_type": fields["key_type"]}


class ConnectionQuery(Query):
    """A connection, by its id."""

    connection_id = serializers.CharField(max_length=600, help_text="user@host:port", **EXACT)

    def validate_connection_id(self, text: str) -> str:
        """Normalize the id: the host in lower case."""
        try:
            return addresses.from_id(text).id
        except InvalidAddress as error:
            raise serializers.ValidationError(str(error)) from error


class EnvironmentQuery(ConnectionQuery):
    """An environment of a remote host."""

    conda_env = serializers.CharField(
        default="system",
        max_length=4096,
        help_text="Name or path of an environment of any kind.",
        **EXACT,
    )


class PathQuery(ConnectionQuery):
    """A path on a remote host."""

    path = serializers.CharField(
        max_length=4096, help_text="Absolute, or relative to the remote user's home.", **EXACT
    )


class FolderQuery(PathQuery):
    """A folder on a remote host."""

    path = serializers.CharField(
        default="~", max_length=4096, help_text="Absolute, or relative to the remote user's home.", **EXACT
    )
