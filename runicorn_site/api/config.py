"""Routes of the configuration: the storage root and the preferences of the pages."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn._version import __version__
from runicorn.api.responses import config as responses
from runicorn.settings import user as own
from runicorn.settings.user_root import InvalidRoot
from runicorn_site.api import storage_root
from runicorn_site.web import preferences
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.pools import blocking
from runicorn_site.web.readable import current
from runicorn_site.web.serializers import Body, Query
from runs.active_root import active_root
from runs.pages.table.columns import readable_columns

LONGEST_LABEL = 100


class FolderPath(serializers.CharField):
    """Path of a folder; every message about it begins with "Invalid path"."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the text.

        Raises:
            ValidationError: it is not a text, or cannot be a path.
        """
        try:
            return super().run_validation(data)
        except ValidationError as error:
            raise ValidationError([f"Invalid path: {sentence}" for sentence in error.detail]) from error


class UserRoot(Body):
    """The new storage root."""

    path = FolderPath(
        max_length=4096, help_text="Absolute, or with a leading ~. Environment variables are not expanded."
    )


class WidthsOf(Query):
    """Table and window size class."""

    table = serializers.CharField(max_length=LONGEST_LABEL)
    size = serializers.CharField(max_length=LONGEST_LABEL)


class WidthsOfTable(WidthsOf):
    """Table, and optionally a window size class."""

    size = serializers.CharField(max_length=LONGEST_LABEL, required=False)


class Widths(Body):
    """Widths of a table's columns in pixels."""

    table = serializers.CharField(max_length=LONGEST_LABEL)
    size = serializers.CharField(max_length=LONGEST_LABEL)
    widths = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=10_000))
    window_width = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100_000)
    window_height = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100_000)

    def validate_widths(self, widths: dict[str, int]) -> dict[str, int]:
        """Limit the number of columns and the length of their names."""
        if len(widths) > 500 or any(len(column) > 500 for column in widths):
            raise serializers.ValidationError("widths must name at most 500 columns")
        return widths


class Alert(Body):
    """An alert."""

    alert_id = serializers.CharField(max_length=200)


class NotSaved(APIException):
    """The configuration directory cannot be written."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The configuration could not be written: {error.strerror or 'unknown reason'}")


class ConfigView(APIView):
    """Base of the routes that write into the configuration directory."""

    def handle_exception(self, error: Exception) -> Response:
        """Answer errors of the configuration directory with 503, and too many preferences with 400."""
        if isinstance(error, preferences.TooMany):
            error = ValidationError(str(error))
        return super().handle_exception(NotSaved(error) if isinstance(error, OSError) else error)


@route("GET", scope=Scope.READ, returns=responses.Config)
def config(request: Request) -> Response:
    """Return the configured storage root (`user_root_dir`, empty if none) and the active one (`storage`)."""
    configured = own.read_user_config().get("user_root_dir")
    return Response(
        responses.Config(
            user_root_dir=configured if isinstance(configured, str) else "",
            storage=active_root().path,
            config_file=str(own.config_directory() / own.CONFIG_FILE),
            version=__version__,
        )
    )


# The folder may be on a network file system that does not respond.
@blocking
class UserRootDir(ConfigView):
    """The user's storage root."""

    @endpoint(scope=Scope.ADMIN, body=UserRoot, returns=responses.RootSwitched)
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Configure the storage root, create it if missing, and activate it here and for new runs of the SDK."""
        try:
            root = str(storage_root.switch(body["path"]))
        except InvalidRoot as error:
            raise ValidationError({"path": [f"Invalid path: {error}"]}) from error
        message = "User root directory updated successfully"
        return Response(responses.RootSwitched(ok=True, user_root_dir=root, storage=root, message=message))


class ColumnWidths(ConfigView):
    """Column widths of a table."""

    @endpoint(scope=Scope.READ, query=WidthsOf, returns=responses.ColumnWidths)
    def get(self, request: Request, query: dict[str, Any]) -> Response:
        """Return the saved widths for a table and a window size class; empty by default."""
        table, size = query["table"], query["size"]
        widths = preferences.column_widths(table, size)
        if not current().is_everything:
            widths = {key: widths[key] for key in readable_columns(active_root(), widths)}
        return Response(responses.ColumnWidths(table=table, size=size, widths=widths))

    @endpoint(
        scope=Scope.CURATE,
        subject=Subject.PREFERENCES,
        recorded=False,
        body=Widths,
        returns=responses.Changed,
    )
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Save the widths of a table for a window size class."""
        preferences.set_column_widths(**body)
        return changed("Column width preferences saved")

    @endpoint(
        scope=Scope.CURATE,
        subject=Subject.PREFERENCES,
        recorded=False,
        query=WidthsOfTable,
        returns=responses.Changed,
    )
    def delete(self, request: Request, query: dict[str, Any]) -> Response:
        """Delete the saved widths of a table; without `size` those of all sizes."""
        preferences.reset_column_widths(**query)
        return changed("Column width preferences reset")


class ResetColumnWidths(ConfigView):
    """Reset of column widths, for clients that cannot send DELETE."""

    @endpoint(scope=Scope.CURATE, query=WidthsOfTable, returns=responses.Changed, request=None)
    def post(self, request: Request, query: dict[str, Any]) -> Response:
        """Delete the saved widths of a table; without `size` those of all sizes."""
        preferences.reset_column_widths(**query)
        return changed("Column width preferences reset")


@route("GET", scope=Scope.READ, returns=responses.DismissedAlerts)
def dismissed_alerts(request: Request) -> Response:
    """Return the dismissed alerts, in the order of dismissal."""
    return Response(responses.DismissedAlerts(dismissed_alerts=preferences.dismissed_alerts()))


class DismissAlert(ConfigView):
    """Dismissal of an alert."""

    @endpoint(scope=Scope.CURATE, body=Alert, returns=responses.Changed)
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Dismiss an alert; repeating it changes nothing."""
        preferences.dismiss_alert(body["alert_id"])
        return changed(f"Alert '{body['alert_id']}' dismissed")


class UndismissAlert(ConfigView):
    """Restoration of a dismissed alert."""

    @endpoint(scope=Scope.CURATE, body=Alert, returns=responses.Changed)
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Show an alert again; one that was not dismissed stays as it is."""
        preferences.restore_alerts(body["alert_id"])
        return changed(f"Alert '{body['alert_id']}' restored")


class ClearDismissedAlerts(ConfigView):
    """Restoration of all alerts."""

    @endpoint(scope=Scope.CURATE, returns=responses.Changed, request=None)
    def post(self, request: Request) -> Response:
        """Show all alerts again."""
        preferences.restore_alerts()
        return changed("All dismissed alerts cleared")


def changed(message: str) -> Response:
    """Return the confirmation of a change."""
    return Response(responses.Changed(ok=True, message=message))


config_patterns = [
    path("config", config, name="config"),
    path("config/user_root_dir", UserRootDir.as_view(), name="user-root-dir"),
    path("config/column-widths", ColumnWidths.as_view(), name="column-widths"),
    path("config/column-widths/reset", ResetColumnWidths.as_view(), name="reset-column-widths"),
    path("config/dismissed-alerts", dismissed_alerts, name="dismissed-alerts"),
    path("config/dismissed-alerts/dismiss", DismissAlert.as_view(), name="dismiss-alert"),
    path("config/dismissed-alerts/undismiss", UndismissAlert.as_view(), name="undismiss-alert"),
    path("config/dismissed-alerts/clear", ClearDismissedAlerts.as_view(), name="clear-dismissed-alerts"),
]
