"""Charts of a run page ask for their points while the page is not painted yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.folders import write_run
from tests.processes import Viewer
from tests.waiting import until

# Frames and what the browser reports after them.
NO_FRAMES = """
    window.requestAnimationFrame = () => 0;
    window.IntersectionObserver = class { observe() {} unobserve() {} disconnect() {} };
"""


@pytest.mark.journey("wide")
def test_charts_in_sight_are_asked_for_before_the_first_frame(
    viewer: Viewer, folder: Path, browser: Any
) -> None:
    run_id = write_run(folder, "vision", "net", metrics=[{"loss": 1 / (i + 1)} for i in range(5)])
    until(lambda: viewer.get("/api/v2/experiments?where=metric.loss.last >= 0").json()["total"] == 1)
    browser.add_init_script(NO_FRAMES)
    with browser.expect_response(lambda response: "pixels=" in response.url) as answer:
        browser.goto(f"{viewer.url}/runs/{run_id}")
    assert [series["name"] for series in answer.value.json()["series"]] == ["loss"]
