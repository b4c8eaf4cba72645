"""Every example of the documents, against a real viewer over a small store; JavaScript in a real browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.documents.blocks import LIVE, PAGES, READ, RUN, Block, blocks, programs
from tests.documents.store import write_store
from tests.processes import PROJECT, Viewer, environment

DOCUMENTED = "127.0.0.1:23300"
# The command of the package, which a checkout does not install.
COMMAND = 'runicorn() { python -m runicorn "$@"; }\n'
# An error is an error of the example, unless it is what the example is about.
STRICT = COMMAND + 'curl() { command curl --silent --show-error --fail-with-body "$@"; }\n'
LENIENT = "curl() { command curl --silent --show-error --write-out '\\n%{http_code}' \"$@\"; }\n"


def _name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer for all pages, without rate limits."""
    home = tmp_path_factory.mktemp("home")
    (home / "empty").mkdir()
    viewer = Viewer(home / "empty", home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


@pytest.fixture
def fresh(served: Viewer, tmp_path: Path) -> Path:
    """The store of the documents, as it is before the first example, shown by the viewer."""
    root = tmp_path / "store"
    write_store(root)
    assert served.post("/api/config/user_root_dir", json={"path": str(root)}).status_code == 200
    return root


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks(page):
        assert block.language in {*RUN, *READ, *LIVE}, f"{block}: {block.language!r} is no known language"
        assert block.reason != "", f"{block} does not say why it is not run"
        assert not block.mark or block.reason or block.answers, f"{block}: {block.mark!r} means nothing"


@pytest.mark.parametrize("page", [page for page in PAGES if programs(page, "bash", "python")], ids=_name)
def test_commands_and_programs_succeed(
    page: Path, served: Viewer, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in programs(page, "bash", "python"):
        code = _here(block.code, served)
        if RUN[block.language] == "python" and "import runicorn as rn" not in code:
            exec(compile("\n" * block.line + code, _name(page), "exec"), namespace)
        else:
            _in_a_process(block, code, fresh)


def _here(code: str, viewer: Viewer) -> str:
    """The code with the address of this viewer in the place of the usual one, which is also the client's default."""
    return code.replace("api.connect()", f'api.connect("http://{DOCUMENTED}")').replace(
        DOCUMENTED, f"127.0.0.1:{viewer.port}"
    )


def _in_a_process(block: Block, code: str, root: Path) -> None:
    """Run a block as its reader does. Trainings are processes: they end when the interpreter does."""
    if RUN[block.language] == "python":
        command = [sys.executable, "-c", code]
    else:
        command = ["bash", "-euo", "pipefail", "-c", (LENIENT if block.answers else STRICT) + code]
    own = environment(root.parent, RUNICORN_DIR=str(root))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=root.parent,
        env=own | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, f"{block}\n{result.stdout}\n{result.stderr}"
    assert block.answers is None or result.stdout.endswith(f"\n{block.answers}"), f"{block}\n{result.stdout}"


@pytest.mark.parametrize("page", [page for page in PAGES if programs(page, "javascript")], ids=_name)
def test_scripts_succeed_in_a_page_of_the_viewer(
    page: Path, served: Viewer, fresh: Path, browser: Any
) -> None:
    browser.goto(served.url)
    for block in programs(page, "javascript"):
        code = _here(block.code, served)
        # What comes later (a frame of a socket, say) is waited for as well.
        logs = browser.expect_console_message() if "console.log" in code else nullcontext()
        with logs:
            browser.evaluate(f"async () => {{\n{code}\n}}")
