from __future__ import annotations

import sqlite3

import pytest

from runicorn_site.cli.doctor import checks
from runicorn_site.database.sqlite_version import advice, has_wal_reset_bug
from tests.processes import Viewer


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 46, 1), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_the_versions_with_the_bug_are_known(version: tuple[int, int, int], affected: bool) -> None:
    assert has_wal_reset_bug(version) is affected
    assert ("WAL-reset bug" in advice(version)) is affected


def test_the_doctor_says_so_and_the_start_of_a_viewer_does_not(viewer: Viewer) -> None:
    assert "SQLite" not in viewer.output
    finding = checks.sqlite()
    assert ("WAL-reset bug" in finding.text) is has_wal_reset_bug(sqlite3.sqlite_version_info)
