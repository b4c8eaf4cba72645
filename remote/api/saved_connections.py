"""API of saved connections: one at a time under /api/config, all at once under /api/remote. Responses contain no secrets."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from remote.api.requests import LoginBody
from remote.connections import repository
from remote.connections.entry_format import METHODS, SECRETS
from runicorn.api.responses import remote as responses
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.serializers import Body

MAX_CONNECTIONS = 200


class SaveConnectionBody(LoginBody):
    """A connection to save."""

    name = serializers.CharField(default="", max_length=200, allow_blank=True)
    auth_method = serializers.ChoiceField(choices=METHODS)
    remember_password = serializers.BooleanField(
        default=False, help_text="Store the password, or the private key and its passphrase, encrypted."
    )

    def validate(self, fields: dict[str, Any]) -> Any:
        """Return the arguments of `repository.save_connection`."""
        return {
            **super().validate(fields),
            "name": fields["name"],
            "auth_method": fields["auth_method"],
            "private_key_path": fields.get("private_key_path"),
            "remember": fields["remember_password"],
            "secrets": {name: fields[name] for name in SECRETS if fields.get(name)},
        }


class SavedConnections(APIView):
    """The saved connections."""

    @endpoint(scope=Scope.ADMIN, returns=responses.SavedConnectionList, errors=[503])
    def get(self, request: Request) -> Response:
        """List them in the order of their creation, without secrets."""
        connections = [connection.to_dict() for connection in repository.saved_connections()]
        return Response(responses.SavedConnectionList(connections=connections))

    @endpoint(
        scope=Scope.ADMIN,
        body=SaveConnectionBody,
        returns={200: responses.ConnectionSaved, 201: responses.ConnectionSaved},
        errors=[503],
    )
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Save a connection (201), or replace the one to the same user, host and port (200)."""
        connection, is_new = repository.save_connection(**body)
        message = "SSH connection saved successfully"
        return Response(
            responses.ConnectionSaved(ok=True, message=message, key=connection.key),
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )


@route("DELETE", scope=Scope.ADMIN, returns=responses.Done, errors=[404, 503])
def saved_connection(request: Request, key: str) -> Response:
    """Delete a saved connection and its secrets. The key formats of all releases are accepted."""
    repository.delete_connection(key)
    return Response(responses.Done(ok=True, message="SSH connection deleted successfully"))


@route("GET", scope=Scope.ADMIN, returns=responses.SavedConnectionDetail, errors=[404, 503])
def saved_details(request: Request, key: str) -> Response:
    """Return a saved connection without its secrets."""
    connection = repository.saved_connection(key).to_dict()
    return Response(responses.SavedConnectionDetail(ok=True, connection=connection))


class SavedConnectionItem(Body):
    """A connection in the list of all; additional fields are stored as they are."""

    host = serializers.CharField()
    port = serializers.IntegerField(required=False)
    username = serializers.CharField()


class AllConnections(APIView):
    """All saved connections."""

    @endpoint(scope=Scope.ADMIN, returns=responses.AllSavedConnections, errors=[503])
    def get(self, request: Request) -> Response:
        """List them with their additional fields, without secrets."""
        connections = [
            connection.more | connection.to_dict() for connection in repository.saved_connections()
        ]
        return Response({"ok": True, "connections": connections})

    @endpoint(scope=Scope.ADMIN, request=SavedConnectionItem(many=True), returns=responses.Done, errors=[503])
    def post(self, request: Request) -> Response:
        """Replace all saved connections. An item without its secret keeps the stored one."""
        items = request.data
        if not isinstance(items, list):
            raise ParseError("The body must be a list of connections, each with host, port and username.")
        if len(items) > MAX_CONNECTIONS or not all(isinstance(item, dict) for item in items):
            raise ValidationError(
                {
                    "connections": [
                        f"connections: expected at most {MAX_CONNECTIONS} objects, each with host, port and username."
                    ]
                }
            )
        repository.replace_connections(items)
        return Response(responses.Done(ok=True, message="Connections saved successfully"))
