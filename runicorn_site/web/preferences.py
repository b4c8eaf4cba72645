"""Preferences of the pages: a row for each part, and `ui_preferences.json` of the configuration directory.

    {"column_widths": {"<table>@<size>": {"widths": {"name": 220}, "window_width": 1440, "updated_at": 1.7e9}},
     "dismissed_alerts": ["…"],
     "columns": ["status", "name", …],
     "project_columns": {"<project>": ["status", …]},
     "views": [{"name": "…", "query": "…", "owner": "ada", "personal": true}]}

Runicorn 0.5 reads and writes the first two. Values of another form are ignored and kept.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from django.db import DatabaseError

from runicorn.json_value import JsonValue
from runicorn.message import Message
from runicorn_site.web.legacy_files import WrittenFile
from runicorn_site.web.models import Preference

FILE = WrittenFile("ui_preferences.json")
MOST_TABLES = 200
MOST_ALERTS = 1000
MOST_VIEWS = 100
logger = logging.getLogger(__name__)

T = TypeVar("T", list[Any], dict[str, Any])


class TooMany(ValueError):
    """The part would grow without limit."""


def read() -> dict[str, JsonValue]:
    """Return all parts; {} if they cannot be read."""
    try:
        return dict(Preference.objects.values_list("name", "value"))
    except DatabaseError as error:
        logger.error("The preferences cannot be read: %s", error)
        return {}


def import_file(content: bytes) -> None:
    """Take over the parts in a file of another version."""
    _store(json.loads(content.decode("utf-8-sig")))


def _store(parts: dict[str, Any]) -> None:
    for name, value in parts.items():
        Preference.objects.update_or_create(name=name, defaults={"value": value})


def _change(change: Callable[[dict[str, Any]], None]) -> None:
    """Read, change and store the parts, and write the file."""
    with FILE.changing() as write:
        before = dict(Preference.objects.select_for_update().values_list("name", "value"))
        after = copy.deepcopy(before)
        change(after)
        if after != before:
            _store({name: value for name, value in after.items() if value != before.get(name)})
            write(after)


def _part(preferences: dict[str, Any], name: str, empty: T) -> T:
    """Return a copy of one part; empty if it is missing or of another type."""
    part = preferences.get(name)
    return type(empty)(part) if isinstance(part, type(empty)) else empty


# Column widths


def column_widths(table: str, size: str) -> dict[str, int]:
    """Return the widths in pixels of a table's columns for a class of window sizes."""
    entry = _part(read(), "column_widths", {}).get(f"{table}@{size}")
    widths = entry.get("widths") if isinstance(entry, dict) else None
    return {} if not isinstance(widths, dict) else {k: w for k, w in widths.items() if isinstance(w, int)}


def set_column_widths(
    table: str,
    size: str,
    widths: dict[str, int],
    window_width: int | None = None,
    window_height: int | None = None,
) -> None:
    """Save the column widths of a table, replacing earlier ones."""
    window = {"window_width": window_width, "window_height": window_height}
    entry = {"widths": widths, **{key: value for key, value in window.items() if value is not None}}

    def change(preferences: dict[str, Any]) -> None:
        widths = _part(preferences, "column_widths", {})
        widths[f"{table}@{size}"] = entry | {"updated_at": time.time()}
        if len(widths) > MOST_TABLES:
            raise TooMany(Message("Widths of more than {most} tables are not saved", most=MOST_TABLES))
        preferences["column_widths"] = widths

    _change(change)


def reset_column_widths(table: str, size: str | None = None) -> None:
    """Reset the column widths of a table, for one class of window sizes or for all."""

    def change(preferences: dict[str, Any]) -> None:
        widths = _part(preferences, "column_widths", {})
        removed = f"{table}@{size}"
        preferences["column_widths"] = {
            key: entry
            for key, entry in widths.items()
            if (key != removed if size is not None else key.rpartition("@")[0] != table)
        }

    _change(change)


# Dismissed alerts


def dismissed_alerts() -> list[str]:
    """Return the dismissed alerts in the order of their dismissal."""
    return [alert for alert in _part(read(), "dismissed_alerts", []) if isinstance(alert, str)]


def dismiss_alert(alert: str) -> None:
    def change(preferences: dict[str, Any]) -> None:
        dismissed = _part(preferences, "dismissed_alerts", [])
        if alert not in dismissed:
            dismissed.append(alert)
        if len(dismissed) > MOST_ALERTS:
            raise TooMany(Message("No more than {most} alerts can be dismissed", most=MOST_ALERTS))
        preferences["dismissed_alerts"] = dismissed

    _change(change)


def restore_alerts(alert: str | None = None) -> None:
    def change(preferences: dict[str, Any]) -> None:
        dismissed = _part(preferences, "dismissed_alerts", [])
        preferences["dismissed_alerts"] = (
            [] if alert is None else [alert_id for alert_id in dismissed if alert_id != alert]
        )

    _change(change)


# The runs table


def table_columns(project: str = "") -> list[str]:
    """Return the keys of the chosen columns of the runs table of a project, or of all projects; empty for the default."""
    preferences = read()
    columns = (
        _part(preferences, "project_columns", {}).get(project) if project else preferences.get("columns")
    )
    return [key for key in columns if isinstance(key, str)] if isinstance(columns, list) else []


def set_table_columns(keys: Sequence[str], project: str = "") -> None:
    """Save the visible columns of the runs table; an empty list restores the default."""

    def change(preferences: dict[str, Any]) -> None:
        if not project:
            preferences["columns"] = list(keys)
            return
        columns_by_project = _part(preferences, "project_columns", {})
        columns_by_project.pop(project, None)
        columns_by_project |= {project: list(keys)} if keys else {}
        if len(columns_by_project) > MOST_TABLES:
            raise TooMany(Message("Columns of more than {most} projects are not saved", most=MOST_TABLES))
        preferences["project_columns"] = columns_by_project

    _change(change)


class View(NamedTuple):
    name: str
    query: str
    """Query string of its address."""
    owner: str = ""
    """User who saved it; "" on a viewer without users."""
    is_personal: bool = False
    """Whether only its owner sees it."""

    @property
    def key(self) -> tuple[str, str]:
        """Name and, of a personal view, owner: a user's views may have the names of shared ones."""
        return self.name, self.owner if self.is_personal else ""


def saved_views(reader: str = "") -> list[View]:
    """Return the saved views of the runs table by name: the shared ones, and the personal ones of a user.

    A personal view hides the shared one of its name.
    """
    views = sorted(_views(read()))
    own = {view.name for view in views if view.is_personal and view.owner == reader}
    return [view for view in views if (view.owner == reader if view.is_personal else view.name not in own)]


def save_view(view: View) -> None:
    """Save a view, replacing one of the same name."""
    _change_views(lambda views: views | {view.key: view})


def rename_view(key: tuple[str, str], new: str) -> None:
    """Rename a view, replacing one of the new name. Unknown views are ignored."""

    def change(views: dict[tuple[str, str], View]) -> dict[tuple[str, str], View]:
        if key not in views:
            return views
        renamed = views[key]._replace(name=new)
        others = {other: view for other, view in views.items() if other not in (key, renamed.key)}
        return others | {renamed.key: renamed}

    _change_views(change)


def delete_view(key: tuple[str, str]) -> None:
    _change_views(lambda views: {other: view for other, view in views.items() if other != key})


def _views(preferences: dict[str, Any]) -> Iterator[View]:
    for entry in _part(preferences, "views", []):
        if isinstance(entry, dict) and all(isinstance(entry.get(field), str) for field in ("name", "query")):
            personal = entry.get("personal") is True
            yield View(entry["name"], entry["query"], str(entry.get("owner", "")), personal)


def _change_views(
    change: Callable[[dict[tuple[str, str], View]], dict[tuple[str, str], View]],
) -> None:
    def apply(preferences: dict[str, Any]) -> None:
        views = change({view.key: view for view in _views(preferences)})
        if max(Counter(owner for _, owner in views).values(), default=0) > MOST_VIEWS:
            raise TooMany(Message("No more than {most} views can be saved", most=MOST_VIEWS))
        preferences["views"] = [
            {"name": view.name, "query": view.query}
            | ({"owner": view.owner, "personal": view.is_personal} if view.owner else {})
            for view in views.values()
        ]

    _change(apply)
