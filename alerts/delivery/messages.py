"""Messages about events: JSON for the webhook, texts for people."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from alerts.delivery.links import run_url
from alerts.models import AlertEvent
from runicorn.store.units import number_of

LONGEST = 200
LISTED = 10
"""Events that a folded message lists."""
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
MARKS = str.maketrans({"<": "‹", ">": "›", "@": "＠", "`": "'", "*": "∗", "[": "(", "]": ")"})
"""Signs by which names could address everybody in a chat, or become links and markup, and what replaces them."""


class RuleContent(TypedDict):
    id: int
    name: str


class RunContent(TypedDict):
    id: str
    project: str
    name: str
    state: str
    url: str | None


class Content(TypedDict):
    event: str
    rule: RuleContent | None
    run: RunContent | None
    sentence: str
    value: float | None
    at: float
    count: NotRequired[int]
    events: NotRequired[list[Content]]


def content(event: AlertEvent) -> Content:
    run = event.run
    return {
        "event": event.kind,
        "rule": None if event.rule is None else {"id": event.rule.pk, "name": event.rule.name},
        "run": None
        if run is None
        else {
            "id": run.run_id,
            "project": run.project,
            "name": run.label,
            "state": run.state,
            "url": run_url(run.run_id),
        },
        "sentence": event.sentence,
        "value": event.value,
        "at": event.at,
    }


def folded(events: Sequence[AlertEvent]) -> Content:
    """Return one body about many events: their number, and all of them."""
    bodies = [content(event) for event in events]
    rules = {event.rule_id for event in events}
    fired = sum(event.kind == "fired" for event in events)
    return {
        "event": "fired" if fired else "recovered",
        "rule": bodies[0]["rule"] if len(rules) == 1 else None,
        "run": None,
        "sentence": f"{number_of(len(events), 'alert')}: {fired} fired, {len(events) - fired} back to normal",
        "value": None,
        "at": max(event.at for event in events),
        "count": len(events),
        "events": bodies,
    }


def test_content() -> Content:
    return {
        "event": "test",
        "rule": None,
        "run": None,
        "sentence": "This is a test message of Runicorn.",
        "value": None,
        "at": time.time(),
    }


def plain(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line, without control characters and signs that chats interpret."""
    cleaned = UNSAFE.sub(" ", text).translate(MARKS).strip()
    return cleaned if len(cleaned) <= longest else f"{cleaned[: longest - 1]}…"


def title(body: Content) -> str:
    if body["run"] is not None:
        sign = "✅" if body["event"] == "recovered" else "⚠️"
        return f"{sign} {plain(body['run']['project'], 60)}/{plain(body['run']['name'], 60)}"
    return f"Runicorn: {plain(body['rule']['name'], 60)}" if body["rule"] else "Runicorn"


def text(body: Content) -> str:
    if "events" in body:
        lines = [body["sentence"]]
        lines += [_line(event) for event in body["events"][:LISTED]]
        rest = len(body["events"]) - LISTED
        return "\n".join([*lines, *([f"… and {rest} more"] if rest > 0 else [])])
    lines = [plain(body["sentence"], 1000)]
    if body["rule"] is not None:
        lines.append(f"Rule: {plain(body['rule']['name'])}")
    if body["run"] is not None:
        lines.append(f"Run: {plain(body['run']['id'])} ({body['run']['state']})")
        if body["run"]["url"] is not None:
            lines.append(body["run"]["url"])
    return "\n".join(lines)


def _line(body: Content) -> str:
    run = body["run"]
    name = "" if run is None else f"{plain(run['project'], 60)}/{plain(run['name'], 60)}: "
    link = "" if run is None or run["url"] is None else f" {run['url']}"
    return f"• {name}{plain(body['sentence'])}{link}"
