"""Rules and channels: their routes, their record in `alerts.json`, and their secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import record, services
from alerts.models import AlertChannel, AlertEvent, AlertRule
from runicorn.settings.user import config_directory
from runicorn_site.web.readable import Readable, restrict
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
    text = (config_directory() / "alerts.json").read_text()
    row = AlertChannel.objects.get(pk=channel["id"])
    for hidden in (token, key):
        assert hidden not in text + row.url + row.secret + json.dumps(alerts("GET", "channels"))
    assert (config_directory() / "alerts.json").stat().st_mode & 0o077 == 0


def test_the_rows_are_rebuilt_from_the_file(alerts: Alerts, receiver: Receiver) -> None:
    channel = alerts("POST", "channels", {"name": "c", "url": receiver.url})
    rule = alerts("POST", "rules", {"name": "r", "when": FAILED, "channels": [channel["id"]]})
    AlertRule.objects.all().delete()
    AlertChannel.objects.all().delete()
    record.restore()
    assert alerts("GET", "rules") == [rule] and alerts("GET", "channels") == [channel]
    assert alerts("POST", f"channels/{channel['id']}/test")["ok"]


def test_a_damaged_file_is_kept_aside_and_its_rows_stay_until_a_change(alerts: Alerts, home: Path) -> None:
    alerts("POST", "rules", {"name": "r", "when": FAILED})
    path = config_directory() / "alerts.json"
    path.write_text("{")
    record.restore()
    assert AlertRule.objects.count() == 1
    alerts("POST", "rules", {"name": "next", "when": FAILED})
    assert [path.read_text() for path in config_directory().glob("alerts.json.damaged-*")] == ["{"]


def test_many_rules_are_listed_for_a_restricted_user_by_few_queries(alerts: Alerts) -> None:
    for number in range(5):
        alerts("POST", "rules", {"name": f"rule {number}", "when": THRESHOLD})
    seen = AlertRule.objects.order_by("pk")[0]
    AlertRule.objects.update(last_fired_at=9.0)
    for at in (3.0, 2.0):
        AlertEvent.objects.create(rule=seen, title=seen.name, kind="fired", at=at, stored_at=at, text="")
    context = copy_context()
    context.run(restrict, Readable(frozenset({"hidden"})))
    with CaptureQueriesContext(connection) as captured:
        rules = context.run(services.rules, "pk")
    assert [row.last_fired_at for row in rules] == [3.0, None, None, None, None]
    assert len(captured) <= 2
