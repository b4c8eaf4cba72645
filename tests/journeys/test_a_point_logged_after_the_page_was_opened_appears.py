"""From the SDK in its own process over the viewer to a browser, without a reload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.processes import Viewer, train
from tests.waiting import until

SCRIPT = """
import sys
import runicorn as rn

run = rn.init(project="vision", name="resnet", config={"lr": 0.1, "optim": {"name": "adam"}}, tags=["baseline"])
for step in range(1, 11):
    run.log({"loss": 1 / step, "val/accuracy": step / 20}, step=step)
run.log_text("first words")
print(run.id, flush=True)
for command in sys.stdin:
    word, _, argument = command.strip().partition(" ")
    if word == "log":
        run.log({"loss": float(argument), "val/accuracy": 0.9})
    elif word == "say":
        run.log_text(argument)
    elif word == "finish":
        run.finish()
        break
    print("done", flush=True)
"""


class Training:
    """A training script that does what it is told, line by line."""

    def __init__(self, root: Path, home: Path) -> None:
        self.process = train(SCRIPT, root, home)
        assert self.process.stdout is not None
        self.run_id = self.process.stdout.readline().strip()
        assert self.run_id, self.process.stderr and self.process.stderr.read()

    def tell(self, command: str) -> None:
        """Send one command and wait until it was carried out."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        if command != "finish":
            assert self.process.stdout.readline().strip() == "done"

    def end(self) -> int:
        """Finish the run and wait for the process."""
        self.tell("finish")
        self.process.communicate(timeout=60)
        return self.process.returncode

    def close(self) -> None:
        """Leave no process behind, whatever happened."""
        self.process.kill()
        self.process.communicate(timeout=60)


def test_a_point_and_a_line_appear_without_a_reload(viewer: Viewer, home: Path, browser: Any) -> None:
    training = Training(viewer.root, home)
    try:
        browser.goto(f"{viewer.url}/")
        browser.get_by_role("link", name="resnet").first.click()
        browser.wait_for_url(f"**/runs/{training.run_id}*")
        chart = browser.locator('figure[data-name="loss"]')
        readout = chart.locator("output").first
        until(lambda: readout.text_content() == "0.1")
        before = chart.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
        browser.evaluate("window.neverReloaded = true")

        training.tell("log 0.0625")
        training.tell("say these are the last words")

        until(lambda: readout.text_content() == "0.0625")
        until(lambda: chart.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") != before)
        until(lambda: "these are the last words" in (browser.locator("#log").text_content() or ""))
        assert training.end() == 0
        until(lambda: browser.locator("#header").get_attribute("data-status") == "finished")
        assert browser.evaluate("window.neverReloaded") is True
    finally:
        training.close()


def test_the_answer_of_the_api_equals_what_was_logged(viewer: Viewer, home: Path) -> None:
    training = Training(viewer.root, home)
    training.tell("log 0.5")
    assert training.end() == 0
    answer = viewer.get(f"/api/runs/{training.run_id}/metrics_step").json()
    assert (
        answer["columns"] == ["global_step", "loss", "time", "val/accuracy"]
        or answer["columns"][0] == "global_step"
    )
    assert [row["loss"] for row in answer["rows"]] == [*(1 / step for step in range(1, 11)), 0.5]
    assert viewer.get(f"/api/runs/{training.run_id}").json()["status"] == "finished"
