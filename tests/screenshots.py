"""The pictures of the README, taken of a store that the demo filled: `python -m tests.screenshots`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests import programs
from tests.browser import launch
from tests.processes import PROJECT, Viewer, environment
from tests.waiting import until

PICTURES = PROJECT / "docs" / "img"
SIZE = {"width": 1440, "height": 860}
SPARK = 'class="spark"'


def main() -> None:
    """Run the demo, open the table and the best of its runs, and photograph both in both themes."""
    program = programs.browser(whole=True) or "chromium"
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home, root = Path(folder), Path(folder, "runs")
        command = [sys.executable, "-m", "runicorn", "demo", "--storage", str(root)]
        subprocess.run(command, env=environment(home), cwd=home, check=True, stdout=subprocess.DEVNULL)
        viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
        try:
            until(lambda: viewer.get("/").text.count(SPARK) == len(runs(viewer)) > 0)
            with launch(program) as browser:
                for theme in ("light", "dark"):
                    photograph(browser, viewer, theme)
        finally:
            viewer.stop()


def runs(viewer: Viewer) -> list[dict[str, Any]]:
    """The runs, the best first."""
    runs: list[dict[str, Any]] = viewer.get("/api/runs?limit=50&order_by=best_metric_value").json()
    return runs


def photograph(browser: Any, viewer: Viewer, theme: str) -> None:
    """Both pages in one theme."""
    page = browser.new_page(viewport=SIZE, color_scheme=theme, reduced_motion="reduce")
    for name, address in (("runs", "/"), ("run", f"/runs/{runs(viewer)[0]['id']}")):
        page.goto(viewer.url + address)
        if name == "run":
            # A chart says in words what it shows once it has drawn it.
            page.locator('#charts .plot[aria-label]:not([aria-label$="not drawn yet."])').first.wait_for()
            page.wait_for_timeout(1000)  # the others follow within a frame or two
        page.screenshot(path=PICTURES / f"{name}-{theme}.png")
    page.close()


if __name__ == "__main__":
    main()
