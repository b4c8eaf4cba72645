"""The API of the configuration: the storage root, and what a person prefers of the pages."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn._version import __version__
from runicorn.settings import preferences
from runicorn.settings import user as own
from runicorn_site.api import schemas, storage_root
from runicorn_site.web.pools import blocking
from runicorn_site.web.serializers import Body, Query
from runs.active_root import active_root

LABEL = {"max_length": 100}


class NotKept(APIException):
    """The configuration directory cannot be written."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The configuration could not be written: {error.strerror or 'unknown reason'}")


class FolderPath(serializers.CharField):
    """The path of a folder; every sentence about it begins alike."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The text.

        Raises:
            ValidationError: it is none, or none that a path can have.
        """
        try:
            return super().run_validation(data)
        except ValidationError as error:
            raise ValidationError([f"Invalid path: {sentence}" for sentence in error.detail]) from error


class UserRoot(Body):
    """The folder that is to be the storage root."""

    path = FolderPath(
        max_length=4096, help_text="Absolute, or with a leading ~. Environment variables mean nothing in it."
    )


class WidthsOf(Query):
    """A table and a class of window sizes."""

    table = serializers.CharField(**LABEL)
    size = serializers.CharField(**LABEL)


class WidthsOfTable(WidthsOf):
    """A table, and perhaps one class of window sizes."""

    size = serializers.CharField(**LABEL, required=False)


class Widths(Body):
    """The widths of a table's columns in pixels."""

    table = serializers.CharField(**LABEL)
    size = serializers.CharField(**LABEL)
    widths = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=10_000))
    window_width = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100_000)
    window_height = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100_000)

    def validate_widths(self, widths: dict[str, int]) -> dict[str, int]:
        """Refuse more columns than any table has."""
        if len(widths) > 500 or any(len(column) > 500 for column in widths):
            raise serializers.ValidationError("widths must name at most 500 columns")
        return widths


class Alert(Body):
    """An alert of the pages."""

    alert_id = serializers.CharField(max_length=200)


def said(kind: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """The validated fields of a request.

    Raises:
        ValidationError: something is wrong with them.
    """
    asked = kind(data=data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


class ConfigView(APIView):
    """A route that may write into the configuration directory."""

    def handle_exception(self, error: Exception) -> Response:
        """What the configuration directory says no to is an answer, not an internal error."""
        if isinstance(error, preferences.TooMany):
            error = ValidationError(str(error))
        return super().handle_exception(NotKept(error) if isinstance(error, OSError) else error)


class Config(APIView):
    """The configuration of this user and this viewer."""

    @extend_schema(responses={200: schemas.Config})
    def get(self, request: Request) -> Response:
        """`user_root_dir` as configured (empty when it is not), and the root that this viewer shows."""
        configured = own.read_user_config().get("user_root_dir")
        return Response(
            {
                "user_root_dir": configured if isinstance(configured, str) else "",
                "storage": active_root().path,
                "config_file": str(own.config_directory() / own.CONFIG_FILE),
                "version": __version__,
            }
        )


# the folder may lie on a file system that does not answer
@blocking
class UserRootDir(ConfigView):
    """The user's storage root."""

    @extend_schema(request=UserRoot, responses={200: schemas.RootSwitched})
    def post(self, request: Request) -> Response:
        """Configure the storage root (made when missing) and show it at once, here and in what the SDK starts next."""
        try:
            root = str(storage_root.switch(said(UserRoot, request.data)["path"]))
        except own.InvalidRoot as error:
            raise ValidationError({"path": [f"Invalid path: {error}"]}) from error
        message = "User root directory updated successfully"
        return Response({"ok": True, "user_root_dir": root, "storage": root, "message": message})


class ColumnWidths(ConfigView):
    """The widths of the columns of a table."""

    @extend_schema(parameters=[WidthsOf], responses={200: schemas.WidthsAnswer})
    def get(self, request: Request) -> Response:
        """The widths that were saved for a table and a class of window sizes; none when there are none."""
        asked = said(WidthsOf, request.query_params)
        return Response(asked | {"widths": preferences.column_widths(**asked)})

    @extend_schema(request=Widths, responses={200: schemas.Changed})
    def post(self, request: Request) -> Response:
        """Save them."""
        preferences.set_column_widths(**said(Widths, request.data))
        return Response({"ok": True, "message": "Column width preferences saved"})

    @extend_schema(parameters=[WidthsOfTable], responses={200: schemas.Changed})
    def delete(self, request: Request) -> Response:
        """Forget them; without `size` those for all sizes."""
        preferences.reset_column_widths(**said(WidthsOfTable, request.query_params))
        return Response({"ok": True, "message": "Column width preferences reset"})


class ResetColumnWidths(ConfigView):
    """The end of saved widths, for clients that cannot send DELETE."""

    @extend_schema(request=None, parameters=[WidthsOfTable], responses={200: schemas.Changed})
    def post(self, request: Request) -> Response:
        """Forget the widths of a table; without `size` those for all sizes."""
        preferences.reset_column_widths(**said(WidthsOfTable, request.query_params))
        return Response({"ok": True, "message": "Column width preferences reset"})


class DismissedAlerts(APIView):
    """The alerts that are not shown any more."""

    @extend_schema(responses={200: schemas.Dismissed})
    def get(self, request: Request) -> Response:
        """In the order in which they were dismissed."""
        return Response({"dismissed_alerts": preferences.dismissed_alerts()})


class DismissAlert(ConfigView):
    """An alert that is not to be shown any more."""

    @extend_schema(request=Alert, responses={200: schemas.Changed})
    def post(self, request: Request) -> Response:
        """Dismiss it; once more changes nothing."""
        alert = said(Alert, request.data)["alert_id"]
        preferences.dismiss_alert(alert)
        return Response({"ok": True, "message": f"Alert '{alert}' dismissed"})


class UndismissAlert(ConfigView):
    """An alert that is to be shown again."""

    @extend_schema(request=Alert, responses={200: schemas.Changed})
    def post(self, request: Request) -> Response:
        """Restore it; one that was not dismissed stays as it is."""
        alert = said(Alert, request.data)["alert_id"]
        preferences.restore_alerts(alert)
        return Response({"ok": True, "message": f"Alert '{alert}' restored"})


class ClearDismissedAlerts(ConfigView):
    """All alerts again."""

    @extend_schema(request=None, responses={200: schemas.Changed})
    def post(self, request: Request) -> Response:
        """Restore every alert."""
        preferences.restore_alerts()
        return Response({"ok": True, "message": "All dismissed alerts cleared"})


config_patterns = [
    path("config", Config.as_view(), name="config"),
    path("config/user_root_dir", UserRootDir.as_view(), name="user-root-dir"),
    path("config/column-widths", ColumnWidths.as_view(), name="column-widths"),
    path("config/column-widths/reset", ResetColumnWidths.as_view(), name="reset-column-widths"),
    path("config/dismissed-alerts", DismissedAlerts.as_view(), name="dismissed-alerts"),
    path("config/dismissed-alerts/dismiss", DismissAlert.as_view(), name="dismiss-alert"),
    path("config/dismissed-alerts/undismiss", UndismissAlert.as_view(), name="undismiss-alert"),
    path("config/dismissed-alerts/clear", ClearDismissedAlerts.as_view(), name="clear-dismissed-alerts"),
]
