from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from runicorn_site.web import preferences
from runicorn_site.web.legacy_files import import_once

pytestmark = pytest.mark.django_db
WIDTHS = "/api/config/column-widths"
ALERTS = "/api/config/dismissed-alerts"


def stored_preferences(home: Path) -> dict[str, Any]:
    """What the file holds."""
    content: dict[str, Any] = json.loads((home / "config" / "ui_preferences.json").read_text())
    return content


def read_again(home: Path, content: str) -> None:
    """Let another version write the file, and start the server."""
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "ui_preferences.json").write_text(content)
    import_once(preferences.FILE.path, preferences.import_file, is_written=True)


def test_widths_are_kept_per_table_and_size(home: Path, api: APIClient) -> None:
    params = {"table": "runs", "size": "large"}
    assert api.get(WIDTHS, params).json() == params | {"widths": {}}
    response = api.post(WIDTHS, params | {"widths": {"name": 220, "best": 90}, "window_width": 1440})
    assert response.json() == {"ok": True, "message": "Column width preferences saved"}
    assert api.get(WIDTHS, params).json()["widths"] == {"name": 220, "best": 90}
    entry = stored_preferences(home)["column_widths"]["runs@large"]
    assert (entry["widths"], entry["window_width"]) == ({"name": 220, "best": 90}, 1440)
    assert entry["updated_at"] > 1e9
    assert stat.S_IMODE((home / "config" / "ui_preferences.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("method", "route", "expected"),
    [
        ("delete", f"{WIDTHS}?table=runs&size=large", ["runs@small", "other@large"]),
        ("post", f"{WIDTHS}/reset?table=runs&size=large", ["runs@small", "other@large"]),
        ("delete", f"{WIDTHS}?table=runs", ["other@large"]),
        ("post", f"{WIDTHS}/reset?table=runs", ["other@large"]),
    ],
)
def test_widths_are_reset_for_one_size_or_for_all(
    home: Path, api: APIClient, method: str, route: str, expected: list[str]
) -> None:
    for table, size in (("runs", "large"), ("runs", "small"), ("other", "large")):
        api.post(WIDTHS, {"table": table, "size": size, "widths": {"name": 1}})
    answer = getattr(api, method)(route)
    assert answer.json() == {"ok": True, "message": "Column width preferences reset"}
    assert list(stored_preferences(home)["column_widths"]) == expected


def test_alerts_are_dismissed_once_and_restored(home: Path, api: APIClient) -> None:
    assert api.get(ALERTS).json() == {"dismissed_alerts": []}
    for alert in ("b", "a", "b"):
        answer = api.post(f"{ALERTS}/dismiss", {"alert_id": alert})
        assert answer.json() == {"ok": True, "message": f"Alert '{alert}' dismissed"}
    assert api.get(ALERTS).json() == {"dismissed_alerts": ["b", "a"]}
    for _ in range(2):
        answer = api.post(f"{ALERTS}/undismiss", {"alert_id": "b"})
        assert answer.json() == {"ok": True, "message": "Alert 'b' restored"}
    assert api.get(ALERTS).json() == {"dismissed_alerts": ["a"]}
    assert api.post(f"{ALERTS}/clear").json() == {"ok": True, "message": "All dismissed alerts cleared"}
    assert stored_preferences(home)["dismissed_alerts"] == []


@pytest.mark.parametrize(
    ("route", "body"),
    [
        (WIDTHS, {}),
        (WIDTHS, []),
        (WIDTHS, {"table": "t", "size": "s"}),
        (WIDTHS, {"table": "t", "size": "s", "widths": [1]}),
        (WIDTHS, {"table": "t", "size": "s", "widths": {"a": "wide"}}),
        (WIDTHS, {"table": "t", "size": "s", "widths": {"a": -1}}),
        (WIDTHS, {"table": "t", "size": "s", "widths": {str(n): n for n in range(501)}}),
        (WIDTHS, {"table": "t" * 101, "size": "s", "widths": {}}),
        (f"{WIDTHS}/reset", {}),
        (f"{ALERTS}/dismiss", {}),
        (f"{ALERTS}/dismiss", {"alert_id": ["a"]}),
        (f"{ALERTS}/undismiss", {"alert_id": ""}),
    ],
)
def test_bad_input_is_reported_and_writes_nothing(home: Path, api: APIClient, route: str, body: Any) -> None:
    answer = api.post(route, body)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert not (home / "config" / "ui_preferences.json").exists()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"column_widths": 1, "dismissed_alerts": {}}', '{"column_widths": {"runs@large": 3}}'],
)
def test_a_damaged_file_reads_as_empty(home: Path, api: APIClient, content: str) -> None:
    read_again(home, content)
    assert api.get(WIDTHS, {"table": "runs", "size": "large"}).json()["widths"] == {}
    assert api.get(ALERTS).json() == {"dismissed_alerts": []}
    assert api.post(f"{ALERTS}/dismiss", {"alert_id": "a"}).status_code == 200
    assert api.get(ALERTS).json() == {"dismissed_alerts": ["a"]}


def test_other_keys_of_the_file_are_kept(home: Path, api: APIClient) -> None:
    read_again(home, '{"theirs": 1, "none": null}')
    api.post(f"{ALERTS}/dismiss", {"alert_id": "a"})
    assert stored_preferences(home) == {"theirs": 1, "none": None, "dismissed_alerts": ["a"]}


def test_what_another_version_changed_in_between_is_taken_over_once(home: Path, api: APIClient) -> None:
    api.post(f"{ALERTS}/dismiss", {"alert_id": "a"})
    first = (home / "config" / "ui_preferences.json").read_text()
    read_again(home, '{"dismissed_alerts": ["theirs"]}')
    assert api.get(ALERTS).json() == {"dismissed_alerts": ["theirs"]}
    api.post(f"{ALERTS}/dismiss", {"alert_id": "b"})
    read_again(home, first)  # of ours, before a kill
    assert api.get(ALERTS).json() == {"dismissed_alerts": ["theirs", "b"]}


def test_the_file_does_not_grow_without_an_end(
    home: Path, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "MOST_ALERTS", 1)
    assert api.post(f"{ALERTS}/dismiss", {"alert_id": "a"}).status_code == 200
    answer = api.post(f"{ALERTS}/dismiss", {"alert_id": "b"})
    assert answer.status_code == 400
    assert answer.json()["detail"] == "No more than 1 alerts can be dismissed"
    assert stored_preferences(home)["dismissed_alerts"] == ["a"]
