"""The settings page checks the store, lists what is missing or damaged, and repairs what is derived."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from tests.tools.maintenance import damage
from tests.waiting import until

pytestmark = pytest.mark.django_db
ADDRESS = "/settings/check"


def _check(client: Client, **fields: str) -> str:
    assert client.post(ADDRESS, fields).status_code == 302
    return until(lambda: _finished(client))


def _finished(client: Client) -> str:
    text = " ".join(client.get(ADDRESS).content.decode().split())
    return "" if "Checking…" in text else text


def test_damage_is_listed_and_derived_files_are_repaired(store: Path, tmp_path: Path, client: Client) -> None:
    damage.make_store(store, tmp_path / "work")
    text = _check(client, contents="1")
    assert "Checked runs: 3, records: 918, media files: 18, artifact files: 8. 0 errors, 0 warnings." in text
    (media,) = sorted(store.glob("p/n0/runs/*/media/*rows*"))
    media.unlink()
    (store / "artifacts/dataset/data/versions.json").write_text("{")
    text = _check(client)
    assert "2 errors" in text and "A file in the journal is missing." in text
    assert "Repair 1 derived file" in text
    text = _check(client, repair="1")
    assert "Repaired: " in text and "1 error, 0 warnings" in text
    assert "1 error, 0 warnings" in _check(client)


def test_the_page_offers_the_check(store: Path, client: Client) -> None:
    text = client.get("/settings").content.decode()
    assert "Check all contents" in text and 'action="/settings/check"' in text
