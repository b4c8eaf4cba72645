"""The page of alerts, its forms, the count in the head of every page, and the toast of a new event."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from alerts.judging import episodes
from alerts.judging.viewer_presence import ViewerPresence
from alerts.models import AlertChannel, AlertEvent, AlertRule
from alerts.pages.editing import OFFERED
from metrics.ingest.catch_up import catch_up
from metrics.ingest.parse import ScriptAlert
from runs.services.lookup import get_run
from tests.folders import write_run
from tests.pages.markup import Markup
from tests.processes import Viewer
from tests.secrecy import secret
from tests.server.alerts.conftest import Receiver
from tests.waiting import until

RULE = {"kind": "threshold", "metric": "loss", "op": ">", "value": "5", "enabled": "1", "name": "Big <loss>"}


@pytest.fixture
def run_id(store: Path) -> str:
    """A run with a loss that is too high twice."""
    new_id = write_run(store, name="<b>hostile", metrics=[{"loss": float(value)} for value in (1, 9, 1, 9)])
    assert catch_up(get_run(new_id), wait=60) == 0
    return new_id


def raise_alerts(run_id: str, count: int) -> None:
    """Store alerts of a script."""
    alerts = [ScriptAlert(time.time(), f"alert {number}", "", "warn") for number in range(count)]
    episodes.record_script_alerts(get_run(run_id), alerts, ViewerPresence(0.0, 0.0, 0.0))


def test_an_older_event_is_listed_until_it_is_acknowledged(alerts: Callable[..., Any], run_id: str) -> None:
    raise_alerts(run_id, 3)
    ids = [event["id"] for event in alerts("GET", "events")["events"]]
    assert alerts("POST", "events/acknowledge", {"ids": ids[:2]}) == {"acknowledged": 2}
    for query, expected in (("&acknowledged=false", ids[2:]), ("&acknowledged=true", ids[:2]), ("", ids)):
        events = alerts("GET", f"events?limit=10{query}")["events"]
        assert [event["id"] for event in events] == expected


def test_the_page_of_a_run_has_its_newest_unacknowledged_alerts(
    client: Client, alerts: Callable[..., Any], run_id: str
) -> None:
    raise_alerts(run_id, 4)
    page = client.get(f"/runs/{run_id}").content.decode()
    assert [f"alert {number}" in page for number in range(4)] == [False, True, True, True]
    alerts(
        "POST", "events/acknowledge", {"ids": [event["id"] for event in alerts("GET", "events")["events"]]}
    )
    assert "alert 3" not in client.get(f"/runs/{run_id}").content.decode()


def test_a_rule_is_previewed_saved_changed_and_deleted(
    client: Client, alerts: Callable[..., Any], run_id: str, store: Path
) -> None:
    page = client.post("/alerts/rules/new", RULE | {"preview": ""}).content.decode()
    assert "It would have fired once in the last 30 days." in " ".join(page.split()) and run_id in page
    old = write_run(
        store,
        metrics=[{"loss": 9.0, "time": time.time() - 40 * 86_400}],
        created_at=time.time() - 41 * 86_400,
    )
    assert catch_up(get_run(old), wait=60) == 0
    page = client.post("/alerts/rules/new", RULE | {"preview": ""}).content.decode()
    assert (
        "once in the last 30 days" in " ".join(page.split()) and "Once before that." in page and old in page
    )
    page = client.post("/alerts/rules/new", RULE | {"kind": "disk", "preview": ""}).content.decode()
    assert "Disk rules have no preview." in page
    assert not AlertRule.objects.exists()
    assert client.post("/alerts/rules/new", RULE | {"save": ""}).status_code == 302
    (rule,) = AlertRule.objects.all()
    assert rule.when == {"kind": "threshold", "metric": "loss", "op": ">", "value": 5.0}
    page = client.get("/alerts").content.decode()
    assert "Big &lt;loss&gt;" in page
    client.post(f"/alerts/rules/{rule.pk}/switch", {"enabled": "false"})
    assert not AlertRule.objects.get().enabled
    assert client.post(f"/alerts/rules/{rule.pk}", RULE | {"kind": "nan", "save": ""}).status_code == 302
    assert AlertRule.objects.get().when == {"kind": "nan", "metric": "loss"}
    client.post(f"/alerts/rules/{rule.pk}", {"delete": ""})
    assert not AlertRule.objects.exists() and client.get(f"/alerts/rules/{rule.pk}").status_code == 404


def test_the_field_of_a_metric_offers_those_that_exist(client: Client, run_id: str) -> None:
    answer = client.get("/alerts/rules/new").content.decode()
    page = Markup(answer)
    (offers,) = page.all("datalist")
    assert '<option value="loss">' in answer
    (field,) = (entry for entry in page.all("input") if entry.attributes.get("name") == "metric")
    assert field.attributes["list"] == offers.attributes["id"]


def test_of_very_many_metrics_those_of_the_validation_are_offered(client: Client, store: Path) -> None:
    gradients = {f"grad/{number}": 1.0 for number in range(OFFERED)}
    many = write_run(store, metrics=[gradients | {"val/loss": 1.0}])
    assert catch_up(get_run(many), wait=60) == 0
    page = client.get("/alerts/rules/new").content.decode()
    assert '<option value="val/loss">' in page and page.count('<option value="grad/') == OFFERED - 1


def test_a_mistake_is_shown_beside_its_field(client: Client, alerts: Callable[..., Any], run_id: str) -> None:
    required = "This field is required."
    for wrong, sentences in (
        ({"metric": "", "value": ""}, {"metric": required, "value": required}),
        ({"kind": "state"}, {"states": required}),
        ({"kind": "plateau"}, {"points": "Steps or minutes are required."}),
        ({"where": "status ="}, {"where": "Expected a value at position 9."}),
        ({"kind": "samples", "samples": "reward <"}, {"samples": "Expected a value at position 9."}),
    ):
        answer = client.post("/alerts/rules/new", RULE | wrong | {"save": ""})
        errors = Markup(answer.content.decode()).all("p", "error")
        shown = {error.attributes["id"].removeprefix("error-"): error.text for error in errors}
        assert (answer.status_code, shown) == (400, sentences)
    key = secret()
    answer = client.post(
        "/alerts/channels/new", {"name": "c", "url": "http://169.254.169.254/", "secret": key}
    )
    page = answer.content.decode()
    assert answer.status_code == 400 and 'id="error-url"' in page
    assert 'value="http://169.254.169.254/"' in page and key not in page


def test_a_channel_is_saved_and_tested_and_keeps_its_address(
    client: Client, alerts: Callable[..., Any], receiver: Receiver
) -> None:
    page = client.post("/alerts/channels/new", {"name": "c", "url": receiver.url, "enabled": "1", "test": ""})
    assert "The test message was sent." in page.content.decode()
    assert [body["event"] for body in receiver.bodies] == ["test"]
    (channel,) = AlertChannel.objects.all()
    page = client.post(f"/alerts/channels/{channel.pk}", {"name": "d", "url": "", "enabled": "1", "test": ""})
    assert len(receiver.bodies) == 2 and receiver.url not in page.content.decode()
    assert client.get("/alerts/rules/new?template=failed").content.decode().count("checked") == 6


def test_events_are_counted_acknowledged_and_announced(
    client: Client, alerts: Callable[..., Any], run_id: str
) -> None:
    raise_alerts(run_id, 3)
    first, _, last = AlertEvent.objects.order_by("pk").values_list("pk", flat=True)
    page = client.get("/settings").content.decode()
    assert "Alerts, 3 unacknowledged" in " ".join(page.split()) and f'data-newest="{last}"' in page
    news = client.get(f"/alerts/news?after={first}").json()
    assert (news["unseen"], news["newest"], news["count"]) == (3, last, 2)
    assert [event["sentence"] for event in news["events"]] == ["alert 2", "alert 1"]
    client.post("/alerts/acknowledge", {"only": str(first)})
    assert AlertEvent.objects.filter(acknowledged=False).count() == 2
    client.post("/alerts/acknowledge", {"all": "true", "newest": str(last - 1)})
    assert list(AlertEvent.objects.filter(acknowledged=False).values_list("pk", flat=True)) == [last]
    assert "alert 0" not in client.get("/alerts").content.decode()
    everything = client.get("/alerts?show=all").content.decode()
    assert "alert 0" in everything and "<b>hostile" not in everything
    assert "alert 0" in client.get(f"/alerts?show=all&run={run_id}&rule=0").content.decode()
    for other in ("run=other", "rule=7", "rule=0&run=other"):
        assert "alert 0" not in client.get(f"/alerts?show=all&{other}").content.decode()
    assert client.get("/alerts/news?after=x").json()["count"] == 0


def test_an_open_page_announces_a_new_event_and_a_chart_leads_to_a_rule(viewer: Viewer, browser: Any) -> None:
    run_id = write_run(viewer.root, metrics=[{"loss": 0.5}] * 20, status="running", created_at=time.time())
    until(lambda: viewer.get(f"/api/runs/{run_id}").status_code == 200)
    browser.goto(f"{viewer.url}/runs/{run_id}")
    browser.locator("#alerts .badge").wait_for(state="hidden")
    path = viewer.root / "vision" / "resnet" / "runs" / run_id / "events.jsonl"
    with path.open("a") as journal:
        journal.write(f'{{"ts": {time.time()}, "type": "alert", "data": {{"title": "Low accuracy"}}}}\n')
    toast = browser.locator("#alert-toast")
    toast.wait_for(timeout=30_000)
    assert "Low accuracy" in toast.inner_text() and browser.locator("#alerts .badge").inner_text() == "1"
    toast.get_by_role("button", name="Close").click()
    chart = browser.locator("[data-name=loss]").first
    chart.hover()
    chart.get_by_role("button", name="Options").first.click()
    browser.get_by_role("button", name="Alert me…").last.click()
    line = browser.get_by_role("slider", name="Threshold of loss")
    first = float(line.get_attribute("aria-valuenow"))
    assert first > 0.5 and line.get_attribute("aria-valuetext").startswith("above 0.5")
    line.press("ArrowUp")
    until(lambda: float(line.get_attribute("aria-valuenow")) > first)
    box, plot = line.bounding_box(), chart.locator(".plot").bounding_box()
    browser.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    browser.mouse.down()
    browser.mouse.move(box["x"] + 30, plot["y"] + plot["height"] * 0.75, steps=4)
    browser.mouse.up()
    until(lambda: float(line.get_attribute("aria-valuenow")) < 0.5)
    chart.get_by_label("Comparison").select_option("<")
    value = line.get_attribute("aria-valuenow")
    chart.get_by_role("link", name="Create rule…").click()
    browser.wait_for_url("**/alerts/rules/new**")
    assert browser.locator("[name=metric]").input_value() == "loss"
    assert browser.locator("[name=value]").input_value() == value
    assert browser.locator("[name=op]").input_value() == "<"
    assert browser.locator("[name=where]").input_value() == f'id = "{run_id}"'
    assert browser.locator("[name=states]").first.is_hidden()
