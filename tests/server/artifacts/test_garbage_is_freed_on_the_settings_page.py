"""The settings page shows how many bytes can be freed, and frees exactly those."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import runicorn as rn
from tests.mounts import read_only as _read_only

read_only = _read_only
pytestmark = pytest.mark.django_db
ADDRESS = "/settings/space"


@pytest.fixture
def orphan(store: Path, run: rn.Run, write: Any) -> Path:
    """A content that no version holds, beside one that a version does."""
    run.log_artifact(rn.Artifact("m").add_file(write("a", b"a" * 100)))
    return put(store, "b", 4321)


def put(store: Path, letter: str, size: int) -> Path:
    path = store / "artifacts/.dedup" / (letter * 2) / (letter * 64)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def promise(page: bytes) -> dict[str, str]:
    return {"promise": re.findall('name="promise" value="([0-9a-f]{64})"', page.decode())[0]}


def test_the_shown_garbage_is_freed(orphan: Path, store: Path) -> None:
    assert Client().get("/settings").status_code == 200
    assert Client().get(ADDRESS).status_code == 405
    preview = Client().post(ADDRESS)
    assert "4,321 bytes" in preview.content.decode() and orphan.exists()
    response = Client().post(ADDRESS, promise(preview.content), follow=True)
    assert "4.2 KiB freed" in response.content.decode() and not orphan.exists()
    assert len([entry for entry in store.glob("artifacts/.dedup/*/*") if len(entry.name) == 64]) == 1
    assert "Nothing to clean up" in Client().post(ADDRESS).content.decode()


def test_additional_garbage_is_shown_before_it_is_freed(orphan: Path, store: Path) -> None:
    fields = promise(Client().post(ADDRESS).content)
    second = put(store, "c", 1000)
    answer = Client().post(ADDRESS, fields)
    assert answer.status_code == 409 and "changed in the meantime" in answer.content.decode()
    assert "5,321 bytes" in answer.content.decode() and orphan.exists() and second.exists()


def test_errors_are_shown(orphan: Path, store: Path, read_only: Any) -> None:
    fields = promise(Client().post(ADDRESS).content)
    with read_only(store):
        answer = Client().post(ADDRESS, fields)
    assert answer.status_code == 403 and "read-only" in answer.content.decode() and orphan.exists()
    (store / "artifacts/model/m/v1/manifest.json").write_text("{")
    answer = Client().post(ADDRESS, fields)
    assert answer.status_code == 409 and "manifest.json" in answer.content.decode() and orphan.exists()


def test_an_empty_store_stays_empty(store: Path) -> None:
    assert "Nothing to clean up" in Client().post(ADDRESS).content.decode()
    assert list(store.iterdir()) == []
    for odd in ("x", "-1", "9" * 30, "²"):
        assert "were freed" not in Client().get("/settings", {"freed": odd}).content.decode()
