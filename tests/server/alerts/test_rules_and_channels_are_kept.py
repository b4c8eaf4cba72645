"""Rules and channels: their routes, and their secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from alerts import services
from alerts.models import AlertChannel, AlertEvent, AlertRule
from runicorn_site.web.readable import Readable, restrict
from runs.active_root import active_root
from tests.secrecy import secret
from tests.server.alerts.conftest import FAILED, Receiver

Alerts = Callable[..., Any]
THRESHOLD = {"kind": "threshold", "metric": "loss", "op": ">", "value": 10.0, "points": 3}


def test_rules_and_channels_are_created_changed_and_deleted(alerts: Alerts, receiver: Receiver) -> None:
    channel = alerts("POST", "channels", {"name": "hook", "url": receiver.url})
    assert channel == {
        "id": channel["id"],
        "name": "hook",
        "kind": "webhook",
        "enabled": True,
        "last_error": None,
    }
    rule = alerts(
        "POST",
        "rules",
        {"name": "big loss", "when": THRESHOLD, "where": "project = vision", "channels": [channel["id"]]},
    )
    assert rule["when"] == THRESHOLD and rule["where"] == "project = vision" and rule["enabled"]
    assert alerts("GET", "rules") == [rule] and alerts("GET", f"rules/{rule['id']}") == rule
    changed = alerts("PATCH", f"rules/{rule['id']}", {"enabled": False, "name": "loss"})
    assert changed == rule | {"enabled": False, "name": "loss"}
    assert alerts("PATCH", f"channels/{channel['id']}", {"enabled": False})["enabled"] is False
    for address in (f"rules/{rule['id']}", f"channels/{channel['id']}"):
        refused = alerts("PATCH", address, {"title": "x", "name": "y"}, expect=400)
        assert refused["errors"] == {"title": ["This field cannot be changed"]}
    assert alerts("GET", "rules") == [changed]
    assert alerts("DELETE", f"channels/{channel['id']}") == {"ok": True}
    assert alerts("GET", f"rules/{rule['id']}")["channels"] == []
    assert alerts("DELETE", f"rules/{rule['id']}") == {"ok": True}
    assert alerts("GET", "rules") == alerts("GET", "channels") == []
    assert "Rule not found" in alerts("GET", f"rules/{rule['id']}", expect=404)["detail"]
    assert alerts("POST", "channels", {"name": "next", "url": receiver.url})["id"] > rule["id"]


@pytest.mark.parametrize(
    ("when", "named"),
    [
        ({"kind": "weather"}, "kind"),
        ({"kind": "state"}, "states"),
        ({"kind": "state", "states": ["sleepy"]}, "states"),
        ({"kind": "threshold", "metric": "loss", "op": ">"}, "value"),
        ({"kind": "threshold", "metric": "loss", "op": "=", "value": 1}, "op"),
        ({"kind": "threshold", "metric": "loss", "op": ">", "value": "1"}, "value"),
        ({"kind": "plateau", "metric": "loss"}, "points"),
        ({"kind": "no_step", "minutes": 0}, "minutes"),
        ({"kind": "spike", "metric": "loss", "points": 10**6}, "points"),
        ({"kind": "nan", "states": ["failed"]}, "states"),
    ],
)
def test_an_invalid_condition_is_refused_by_its_field(alerts: Alerts, when: Any, named: str) -> None:
    answer = alerts("POST", "rules", {"name": "r", "when": when}, expect=400)
    assert named in answer["errors"]["when"][0] and answer["detail"].startswith("when")
    assert not AlertRule.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"when": FAILED}, "name"),
        ({"name": "r"}, "when"),
        ({"name": "r", "when": FAILED, "where": "status ~"}, "where"),
        ({"name": "r", "when": FAILED, "channels": [77]}, "channels"),
    ],
)
def test_an_invalid_rule_is_refused_by_its_field(alerts: Alerts, body: Any, field: str) -> None:
    assert field in alerts("POST", "rules", body, expect=400)["errors"]


@pytest.mark.parametrize(
    "url",
    [
        "not an address",
        "http://",
        "https://host:99999999/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "json://169.254.169.254/",
        "mailto://me:word@example.org?smtp=169.254.169.254",
        "mailto://me:word@example.org?smtp=[fd00:ec2::254]",
        "matrix://me:word@169.254.169.254/#room",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "nosuchservice://token",
    ],
)
def test_an_invalid_address_is_refused(alerts: Alerts, url: str) -> None:
    assert "url" in alerts("POST", "channels", {"name": "c", "url": url}, expect=400)["errors"]


def test_addresses_and_secrets_are_encrypted_and_never_returned(alerts: Alerts) -> None:
    token, key = secret(), secret()
    channel = alerts("POST", "channels", {"name": "c", "url": f"https://example.org/{token}", "secret": key})
    row = AlertChannel.objects.get(pk=channel["id"])
    for hidden in (token, key):
        assert hidden not in row.url + row.secret + json.dumps(alerts("GET", "channels"))


def test_ids_of_deleted_rules_are_not_used_again(alerts: Alerts) -> None:
    first = alerts("POST", "rules", {"name": "r", "when": FAILED})
    alerts("DELETE", f"rules/{first['id']}")
    assert alerts("POST", "rules", {"name": "next", "when": FAILED})["id"] > first["id"]


def test_many_rules_are_listed_for_a_restricted_user_by_few_queries(alerts: Alerts) -> None:
    for number in range(5):
        alerts("POST", "rules", {"name": f"rule {number}", "when": THRESHOLD})
    visible_rule = AlertRule.objects.order_by("pk")[0]
    AlertRule.objects.update(last_fired_at=9.0)
    about = {
        "root": active_root().path,
        "rule": visible_rule,
        "title": visible_rule.name,
        "kind": "fired",
        "text": "",
    }
    for at in (3.0, 2.0):
        AlertEvent.objects.create(**about, at=at, stored_at=at, identity=str(at))
    context = copy_context()
    context.run(restrict, Readable(frozenset({"hidden"})))
    with CaptureQueriesContext(connection) as of_index, CaptureQueriesContext(connections["durable"]) as own:
        rules = context.run(services.rules, "pk")
    assert [row.last_fired_at for row in rules] == [3.0, None, None, None, None]
    assert len(of_index) + len(own) <= 4
