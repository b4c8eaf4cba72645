"""Responses about alerts. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from runicorn.newer_python import NotRequired

Level = Literal["info", "warn", "error"]


class AlertChannel(TypedDict):
    """A channel; its address is never in a response."""

    id: int
    name: str
    kind: Annotated[str, "`webhook`, or the scheme of its apprise URL."]
    enabled: bool
    last_error: Annotated[str | None, "Why the last message could not be sent."]


class AlertChannelTest(TypedDict):
    """Result of a test message."""

    ok: bool
    detail: Annotated[str | None, "Why it could not be sent."]


class AlertWhen(TypedDict):
    """The condition of a rule."""

    kind: Annotated[
        str, "`state`, `nan`, `threshold`, `spike`, `plateau`, `no_step`, `gpu_idle`, `disk` or `samples`."
    ]
    states: NotRequired[list[str]]
    metric: NotRequired[Annotated[str, "A metric; `*` and `?` stand for any characters."]]
    op: NotRequired[str]
    value: NotRequired[float]
    points: NotRequired[int]
    minutes: NotRequired[float]
    z: NotRequired[float]
    samples: NotRequired[Annotated[str, "Condition over samples of the newest step."]]


class AlertRule(TypedDict):
    """A rule."""

    id: int
    name: str
    when: AlertWhen
    where: str
    channels: list[int]
    enabled: bool
    created_at: float
    last_fired_at: float | None


class AlertForecast(TypedDict):
    """An event that a rule would have had."""

    run_id: str
    at: float
    value: float | None
    sentence: str


class AlertPreview(TypedDict):
    """Alerts that a rule would have raised on past runs, newest first."""

    events: list[AlertForecast]
    truncated: Annotated[bool, "Whether there are further events, or runs that were not searched."]


class AlertDelivery(TypedDict):
    """State of the message about an event to one channel."""

    channel_id: int
    status: Literal["pending", "sent", "failed"]
    tries: int


class AlertEvent(TypedDict):
    """A rule that fired or recovered, or an alert of a script (without a rule)."""

    id: int
    rule_id: int | None
    run_id: Annotated[str | None, "Null for the disk of the store."]
    kind: Literal["fired", "recovered"]
    at: float
    sentence: str
    value: float | None
    acknowledged: bool
    deliveries: list[AlertDelivery]
    title: Annotated[str, "Name of the rule, or title of the alert."]
    level: Level
    metric: str | None


class AlertEvents(TypedDict):
    """Events, newest first."""

    events: list[AlertEvent]


class Acknowledged(TypedDict):
    """Number of events that were acknowledged now."""

    acknowledged: int


class DeletedAlertItem(TypedDict):
    """A rule or channel that was deleted."""

    ok: bool
