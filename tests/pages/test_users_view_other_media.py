"""Videos, sounds, documents and other files on the run page, in the real browser."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

import runicorn as rn
from runicorn.compat.trackio import values as trackio
from runicorn.compat.wandb import data_types as wandb
from tests.pages.conftest import PIXEL
from tests.pages.test_accessibility_of_pages import violations
from tests.pages.tiny_video import WEBM
from tests.processes import Viewer
from tests.waiting import until

pytestmark = pytest.mark.journey
Open = Callable[..., Any]
PROBE = """<!doctype html><title>Probe</title><body><script>
const found = [];
const attempt = async (name, act) => {
  try { await act(); found.push(name); } catch (error) { if (name === "origin") found.push(String(error)); }
};
(async () => {
  await attempt("parent", () => parent.document.title);
  await attempt("cookie", () => document.cookie);
  await attempt("storage", () => localStorage.length);
  await attempt("request", () => fetch(location.origin + "/api/runs"));
  await attempt("request without CORS", () => fetch("/api/runs", { mode: "no-cors" }));
  await attempt("top", () => { top.location = "about:blank"; });
  await attempt("window", () => { if (!open("about:blank")) throw new Error(); });
  document.body.append(`origin ${self.origin}, allowed: ${found.join() || "nothing"}`);
})();
</script></body>"""

LEAVE = '<script>location = "http://elsewhere.invalid/?" + encodeURIComponent(location.href);</script>'


@pytest.fixture(scope="module")
def run_address(busy_site: Viewer) -> str:
    """The page of a run into which values of W&B and Trackio were logged."""
    options = {"capture_env": False, "system_metrics": False}
    with rn.init(project="other", name="media", storage=busy_site.root, **options) as run:
        for step in (0, 10):
            for key, value in values(step).items():
                value.store(run, key, step)
    until(lambda: busy_site.get(f"/api/runs/{run.id}").status_code == 200)
    return f"/runs/{run.id}"


def values(step: int) -> dict[str, Any]:
    """A value of each kind."""
    return {
        "rollout": wandb.Video(io.BytesIO(WEBM), f"episode {step}", format="webm"),
        "tone": wandb.Audio([n % 20 / 20 for n in range(4000)], 8000, caption="20 samples a period"),
        "probe": wandb.Html(PROBE if step else LEAVE),
        "notes": trackio.Markdown(f"# Step {step}\n\n**bold** <i>html</i>"),
        "molecule": wandb.Molecule.from_smiles("CC(=O)O"),
        "cloud": wandb.Object3D.from_numpy([[0, 0, step]]),
        "image": wandb.Image(PIXEL),
    }


def test_videos_and_sounds_are_played(open_page: Open, run_address: str) -> None:
    page = open_page(f"{run_address}?pane=videos", bypass_csp=True)
    video = page.locator("#videos video")
    until(lambda: video.evaluate("(video) => video.readyState >= HTMLMediaElement.HAVE_METADATA"))
    assert video.evaluate("(video) => [video.videoWidth, video.videoHeight]") == [64, 48]
    assert page.locator("#videos .about").text_content() == "episode 10Download"
    video.evaluate("async (video) => { video.muted = true; await video.play(); }")
    until(lambda: video.evaluate("(video) => video.currentTime > 0"))
    assert violations(page) == {}
    page.locator("#tab-audio").evaluate("(tab) => tab.click()")  # on a phone it is outside of the window
    until(lambda: page.locator("#audio audio").evaluate("(audio) => audio.duration") == 0.5)


def test_a_document_runs_in_a_frame_that_cannot_reach_the_page(
    chromium: Any, busy_site: Viewer, run_address: str
) -> None:
    page = chromium.new_page()  # not a careful one: the browser logs what the sandbox refuses
    page.goto(f"{busy_site.url}{run_address}?pane=documents")
    page.frame_locator("#documents iframe").get_by_text("origin null, allowed: nothing").wait_for()
    assert page.url.endswith("?pane=documents")
    page.close()


def test_a_document_leads_its_frame_to_no_other_host(
    chromium: Any, busy_site: Viewer, run_address: str
) -> None:
    page = chromium.new_page()
    page.goto(f"{busy_site.url}{run_address}?pane=documents")
    page.frame_locator("#documents iframe").get_by_text("origin null").wait_for()
    page.get_by_label("Step of probe").focus()
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.keyboard.press("Home")
    assert not [frame for frame in page.frames if "elsewhere" in frame.url]
    page.close()


def test_a_plotly_figure_is_drawn_without_any_other_request(chromium: Any, busy_site: Viewer) -> None:
    options = {"capture_env": False, "system_metrics": False}
    with rn.init(project="other", name="figures", storage=busy_site.root, **options) as run:
        figure = {
            "data": [{"type": "scatter", "x": [1, 2], "y": [3, 4]}],
            "layout": {"title": {"text": "A line"}},
        }
        run.log_file("image", "curve", json.dumps(figure).encode(), "plotly.json", 1)
    until(lambda: busy_site.get(f"/api/runs/{run.id}").status_code == 200)
    page = chromium.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{busy_site.url}/runs/{run.id}?pane=documents")
    frame = page.frame_locator("#documents iframe")
    frame.locator(".scatterlayer .trace path.js-line").wait_for(state="attached")
    frame.get_by_text("A line").wait_for()
    assert all(url.startswith((busy_site.url, "blob:", "data:")) for url in requests)
    page.close()


def test_other_files_are_previewed_and_downloaded(open_page: Open, run_address: str) -> None:
    page = open_page(f"{run_address}?pane=files", bypass_csp=True)
    figures = page.locator("#files .steps")
    until(lambda: figures.count() == 3)
    figure = {
        key: figures.locator(f"xpath=self::*[@data-key='{key}']") for key in ("notes", "molecule", "cloud")
    }
    until(lambda: figure["notes"].locator("strong").text_content() == "bold")
    assert figure["notes"].locator("i").count() == 0
    figure["molecule"].scroll_into_view_if_needed()
    assert figure["molecule"].locator("pre").text_content() == "CC(=O)O"
    with page.expect_download() as download:
        figure["molecule"].get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith("_molecule.smi")
    assert violations(page) == {}


def test_one_step_slider_moves_media_of_all_kinds(open_page: Open, run_address: str) -> None:
    page = open_page(f"{run_address}?pane=files")
    notes = page.locator("#files .steps[data-key=notes] .markdown")
    notes.get_by_text("Step 10").wait_for()
    page.locator("#files").get_by_label("Step of all media").focus()
    page.keyboard.press("Home")
    notes.get_by_text("Step 0").wait_for()
    page.locator("#tab-videos").evaluate("(tab) => tab.click()")
    page.locator("#videos .about").get_by_text("episode 0").wait_for()


def test_a_file_is_enlarged_with_arrows_between_steps_and_keys(open_page: Open, run_address: str) -> None:
    page = open_page(f"{run_address}?pane=files", bypass_csp=True)
    page.locator("#files .steps[data-key=notes]").get_by_role("button", name="Enlarge").click()
    dialog = page.get_by_role("dialog", name="notes")
    dialog.get_by_text("Step 10", exact=True).wait_for()
    page.keyboard.press("ArrowLeft")
    dialog.get_by_text("Step 0", exact=True).wait_for()
    assert violations(page) == {}
    page.keyboard.press("ArrowDown")
    page.get_by_role("dialog", name="molecule").get_by_text("CC(=O)O").wait_for()
