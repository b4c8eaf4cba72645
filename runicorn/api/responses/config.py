"""Responses about the configuration and the preferences of the pages."""

from __future__ import annotations

from typing import Annotated, TypedDict


class Config(TypedDict):
    """The configuration of the user and of this viewer."""

    user_root_dir: Annotated[str, "As configured; empty if it is not."]
    storage: Annotated[str, "The active storage root."]
    config_file: str
    version: str


class Changed(TypedDict):
    """Confirmation of a change."""

    ok: bool
    message: str


class RootSwitched(Changed):
    """The new storage root."""

    user_root_dir: str
    storage: str


class ColumnWidths(TypedDict):
    """Saved widths of a table's columns."""

    table: str
    size: str
    widths: Annotated[dict[str, int], "Pixels by column."]


class DismissedAlerts(TypedDict):
    """Dismissed alerts, in the order of dismissal."""

    dismissed_alerts: list[str]
