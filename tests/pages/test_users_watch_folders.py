"""Watched folders on the import page, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.importers.test_repeated_imports import event_file
from tests.processes import Viewer

pytestmark = pytest.mark.journey


def test_a_watched_folder_shows_its_runs_without_a_reload(
    viewer: Viewer, browser: Any, tmp_path: Path
) -> None:
    event_file(tmp_path / "logs" / "a", 3)
    browser.goto(f"{viewer.url}/import")
    browser.get_by_label("Folder on the server").fill(str(tmp_path / "logs"))
    browser.get_by_role("button", name="Watch folder").click()
    browser.get_by_text("1 run found").wait_for()
    browser.get_by_role("button", name="Stop watching").click()
    browser.get_by_text("No folder is watched.").wait_for()
