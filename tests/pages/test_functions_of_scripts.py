"""Pure functions of the scripts: `tests/js/*.test.js`, run by Node, or in the browser where there is no Node."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.processes import PROJECT

TESTS = sorted((PROJECT / "tests" / "js").glob("*.test.js"))
# Node took files named `.js` for CommonJS until it recognized the syntax of modules.
AS_MODULES = "--experimental-default-type=module"
NODE = shutil.which("node")


def run(node: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run tests with Node."""
    understands = (
        subprocess.run([node, AS_MODULES, "--eval", ""], capture_output=True, timeout=60).returncode == 0
    )
    options = [AS_MODULES] if understands else []
    command = [node, *options, "--test", "--test-reporter=tap", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=PROJECT)


def in_browser(chromium: Any, *files: Path) -> dict[str, list[str]]:
    """Run tests in the browser: names of the tests, messages of the failed ones."""
    root = files[0].parents[2] if files[0].is_relative_to(PROJECT) else files[0].parent
    paths = [f"/{file.relative_to(root).as_posix()}" for file in files]
    imports = {"node:test": "/tests/js/browser/test.js", "node:assert/strict": "/tests/js/browser/assert.js"}
    page_text = f'<!doctype html><script type="importmap">{json.dumps({"imports": imports})}</script>'

    def answer(route: Any) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            route.fulfill(content_type="text/html", body=page_text)
            return
        file = next((base / path[1:] for base in (root, PROJECT) if (base / path[1:]).is_file()), None)
        if file is None:
            route.fulfill(status=404)
        else:
            route.fulfill(content_type="text/javascript", body=file.read_bytes())

    page = chromium.new_page()
    try:
        page.route("**/*", answer)
        page.goto("http://localhost/")
        code = """async (paths) => {
            for (const path of paths) await import(path);
            return (await import("/tests/js/browser/test.js")).run();
        }"""
        results: dict[str, list[str]] = page.evaluate(code, paths)
        return results
    finally:
        page.close()


FAILING = """import assert from "node:assert/strict";
import test from "node:test";
test("right", () => assert.equal(1, 1));
test("wrong", () => assert.deepEqual([1, { a: [2] }], [1, { a: [3] }]));
"""


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    """A file of tests, one of which fails."""
    file = tmp_path / "failing.test.js"
    file.write_text(FAILING, encoding="utf-8")
    return file


def test_scripts_compute_what_their_tests_expect(request: pytest.FixtureRequest) -> None:
    assert len(TESTS) > 5
    if NODE:
        result = run(NODE, *TESTS)
        assert result.returncode == 0, result.stdout[-20_000:] + result.stderr
        assert int(re.findall(r"^# pass (\d+)$", result.stdout, re.MULTILINE)[-1]) > 30
    else:
        results = in_browser(request.getfixturevalue("chromium"), *TESTS)
        assert results["failures"] == []
        assert len(results["names"]) > 30


def test_the_browser_runs_the_same_tests(chromium: Any) -> None:
    results = in_browser(chromium, *TESTS)
    assert results["failures"] == []
    assert len(results["names"]) == len(
        re.findall(r"^test\(", "".join(map(Path.read_text, TESTS)), re.MULTILINE)
    )


def test_a_wrong_result_is_reported(chromium: Any, failing: Path) -> None:
    (failure,) = in_browser(chromium, failing)["failures"]
    assert failure.startswith("wrong: ")
    if NODE:
        result = run(NODE, failing)
        assert result.returncode != 0 and "not ok" in result.stdout
