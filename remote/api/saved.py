"""The API of saved connections: one at a time under /api/config, all together under /api/remote. No answer has a secret."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from remote.api import schemas
from remote.api.requests import EXACT, SECRET, Place, given
from remote.connections import saved
from remote.connections.saved_file import METHODS, SECRETS
from runicorn_site.web.serializers import Body

MANY = 200
CANNOT: dict[int, Any] = {503: schemas.Problem}


class SavedLogin(Place):
    """A connection to save."""

    name = serializers.CharField(default="", max_length=200, allow_blank=True)
    auth_method = serializers.ChoiceField(choices=METHODS)
    remember_password = serializers.BooleanField(
        default=False, help_text="Keep the password, or the text of the key, and the passphrase, encrypted."
    )
    password = serializers.CharField(max_length=1024, allow_blank=True, **SECRET)
    private_key = serializers.CharField(max_length=65536, help_text="The text of a key.", **SECRET)
    private_key_path = serializers.CharField(
        max_length=4096, required=False, help_text="A key file on the viewer's machine.", **EXACT
    )
    passphrase = serializers.CharField(max_length=1024, allow_blank=True, help_text="Of the key.", **SECRET)

    def validate(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The arguments of `saved.save_connection`."""
        fields = super().validate(fields)
        secrets = {name: fields.pop(name) for name in SECRETS if fields.get(name)}
        fields = {name: value for name, value in fields.items() if name not in SECRETS}
        return fields | {"remember": fields.pop("remember_password"), "secrets": secrets}


class SavedConnections(APIView):
    """The connections that a person saved."""

    @extend_schema(responses={200: schemas.SavedList, **CANNOT})
    def get(self, request: Request) -> Response:
        """In the order in which they were saved; of secrets only whether there are any."""
        return Response({"connections": [one.told() for one in saved.saved_connections()]})

    @extend_schema(request=SavedLogin, responses={200: schemas.Kept, 201: schemas.Kept, **CANNOT})
    def post(self, request: Request) -> Response:
        """Save one, in place of the one to the same user, host and port (200)."""
        one, new = saved.save_connection(**given(SavedLogin, request.data))
        answer = {"ok": True, "message": "SSH connection saved successfully", "key": one.key}
        return Response(answer, status=status.HTTP_201_CREATED if new else status.HTTP_200_OK)


class SavedConnection(APIView):
    """One saved connection."""

    @extend_schema(responses={200: schemas.Ended, 404: schemas.Problem, **CANNOT})
    def delete(self, request: Request, key: str) -> Response:
        """Forget it and its secrets. The key may have any form that keys ever had."""
        saved.forget_connection(key)
        return Response({"ok": True, "message": "SSH connection deleted successfully"})


class SavedDetails(APIView):
    """What is saved of one connection."""

    @extend_schema(responses={200: schemas.SavedOne, 404: schemas.Problem, **CANNOT})
    def get(self, request: Request, key: str) -> Response:
        """Everything but its secrets."""
        return Response({"ok": True, "connection": saved.saved_connection(key).told()})


class SavedItem(Body):
    """A connection in the list of all; further fields are kept."""

    host = serializers.CharField()
    port = serializers.IntegerField(required=False)
    username = serializers.CharField()


class AllConnections(APIView):
    """All saved connections at once."""

    @extend_schema(responses={200: schemas.AllSaved, **CANNOT})
    def get(self, request: Request) -> Response:
        """As they were saved, with the fields of their own that they were saved with, without any secret."""
        told = [one.more | one.told() for one in saved.saved_connections()]
        return Response({"ok": True, "connections": told})

    @extend_schema(request=SavedItem(many=True), responses={200: schemas.Ended, **CANNOT})
    def post(self, request: Request) -> Response:
        """Save these and forget all others. One that comes without its secret keeps the stored one."""
        items = request.data
        if not isinstance(items, list):
            raise ParseError("The body must be a list of connections, each with host, port and username.")
        if len(items) > MANY or not all(isinstance(item, dict) for item in items):
            raise ValidationError(
                {
                    "connections": [
                        f"connections: at most {MANY} objects are taken, each with host, port and username."
                    ]
                }
            )
        saved.replace_connections(items)
        return Response({"ok": True, "message": "Connections saved successfully"})
