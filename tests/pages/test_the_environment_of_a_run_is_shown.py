"""Git, packages, machine and command line of a run on its page, and the diff of what was not committed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runicorn.capture.environment import EnvironmentCapture
from runicorn.store import layout
from tests.folders import write_run
from tests.pages.markup import Markup
from tests.processes import Viewer
from tests.waiting import until

Page = Callable[..., Markup]
Open = Callable[..., Any]
DIFF = """diff --git a/train.py b/train.py
--- a/train.py
+++ b/train.py
@@ -1,2 +1,2 @@
 same
--- removed
+<b>added</b>
"""
GIT = {"commit": "a1b2c3", "branch": "main", "has_changes": True, "changed_files_count": 2, "diff": DIFF}


def with_environment(store: Path, environment: Any, **run: Any) -> str:
    run_id = write_run(store, "p", "n", **run)
    (store / f"p/n/runs/{run_id}/environment.json").write_text(json.dumps(environment))
    return run_id


def environment_lines(page: Page, run_id: str) -> dict[str, str]:
    markup = page(f"/runs/{run_id}")
    parts = [part for part in markup.all("section") if part.attributes.get("id") == "environment"]
    if not parts:
        return {}
    keys, values = (
        [element.text for element in markup.all(tag) if parts[0] in element.parents and element.text]
        for tag in ("dt", "dd")
    )
    return dict(zip(keys, values, strict=False))


def test_what_the_library_captures_is_shown_by_part(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n")
    assert environment_lines(page, run_id) == {}
    info = EnvironmentCapture(store).capture_all()
    info.save(store / f"p/n/runs/{run_id}" / layout.ENVIRONMENT)
    lines = environment_lines(page, run_id)
    assert lines["folder"] == str(store)
    assert (lines["interpreter"], lines["system"]) == ("CPython", info.platform)
    assert "memory" in lines and "cores" in lines
    assert f"Django=={lines['Django']}" in (info.pip_packages or [])
    headings = page(f"/runs/{run_id}").texts("h3")
    assert f"Packages {len(info.pip_packages or [])}" in headings
    assert "Other" not in headings


def test_the_state_of_git_is_described_in_words(store: Path, page: Page) -> None:
    run_id = with_environment(store, {"git_info": GIT | {"remote": "https://me:secret@host.example/r.git"}})
    lines = environment_lines(page, run_id)
    assert (lines["commit"], lines["branch"], lines["changes"]) == ("a1b2c3", "main", "2 uncommitted files")
    links = [link.attributes for link in page(f"/runs/{run_id}").all("a")]
    assert "https://host.example/r.git" in [link["href"] for link in links]


@pytest.mark.parametrize("remote", ["git@host:me/r.git", "javascript:alert(1)", "file:///etc", "http://[", 7])
def test_only_addresses_of_the_web_are_links(store: Path, page: Page, remote: Any) -> None:
    run_id = with_environment(store, {"git_info": GIT | {"remote": remote}})
    assert str(remote) not in [link.attributes["href"] for link in page(f"/runs/{run_id}").all("a")]


def test_missing_captures_are_named(store: Path, page: Page) -> None:
    run_id = with_environment(store, {"platform": "x", "incomplete": ["git_info", "gpu_info", 3]})
    notices = page(f"/runs/{run_id}").texts("p", "warning")
    assert any("Incomplete: not recorded in time: git, GPUs" in notice for notice in notices)


@pytest.mark.parametrize(
    "odd",
    [
        {"git_info": "none", "gpu_info": [1], "pip_packages": {"a": 1}, "command_line": "train.py"},
        {"captured_at": "now", "cpu_info": [], "env_variables": 3, "incomplete": "all", "platform": 1},
        {
            "captured_at": 1e300,
            "cpu_info": {"memory_total_mb": True},
            "git_info": {"has_changes": 1, "diff": []},
        },
    ],
)
def test_unusual_environments_are_shown_unchanged(store: Path, page: Page, odd: dict[str, Any]) -> None:
    run_id = with_environment(store, odd)
    lines = environment_lines(page, run_id)
    assert lines if "platform" not in odd else lines["platform"] == "1"


def test_the_diff_is_coloured_and_saved(store: Path, page: Page, client: Client) -> None:
    run_id = with_environment(store, {"git_info": GIT})
    markup = page(f"/runs/{run_id}/diff")
    assert markup.texts("span", "added") == ["+<b>added</b>"]
    assert markup.texts("span", "removed") == ["--- removed"]
    assert markup.texts("span", "file") == ["diff --git a/train.py b/train.py --- a/train.py +++ b/train.py"]
    answer = client.get(f"/runs/{run_id}/diff?format=text")
    assert answer.content.decode() == DIFF
    assert answer["Content-Disposition"] == f'attachment; filename="{run_id}.diff"'
    other = write_run(store, "p", "other")
    assert f"Run {other} has no diff" in page(f"/runs/{other}/diff", status=404).texts("main")[0]


def test_the_environment_is_searched_and_copied_and_the_diff_opened_in_place(
    open_page: Open, busy_site: Viewer
) -> None:
    about = {"git_info": GIT, "pip_packages": ["numpy==2.1", "torch==2.9", "rich==1"]}
    run_id = with_environment(busy_site.root, about)
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/runs/{run_id}?pane=environment", permissions=["clipboard-read", "clipboard-write"])
    pane = page.locator("#environment")
    pane.get_by_text("Uncommitted changes").click()
    pane.locator(".diff .added").wait_for()
    pane.get_by_label("Filter environment").fill("r =")
    assert pane.get_by_text("No matches.").is_visible()
    pane.get_by_label("Filter environment").fill("nump")
    assert pane.locator("h3:visible").all_text_contents() == ["Packages 3"]
    pane.get_by_label("Filter environment").fill("tor")
    pane.get_by_role("button", name="Copy Packages").click()
    until(lambda: page.evaluate("navigator.clipboard.readText()") == "torch==2.9")
