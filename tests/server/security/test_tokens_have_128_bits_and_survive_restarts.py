from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn_site.security.token_source import MINIMUM_BITS, estimated_bits
from tests.processes import Viewer
from tests.secrecy import holds
from tests.server.site.wire import get

STRONG = "4f1d0a97c3e85b2660d9187ae4f35c02"


def token_of(viewer: Viewer) -> str:
    """The token in the file that the viewer names."""
    match = re.search(r"token for other browsers and programs is in (\S+)\.\n", viewer.output)
    assert match is not None
    return holds(Path(match[1])).read_text(encoding="ascii")


def status(viewer: Viewer, token: str) -> int:
    """How the viewer answers a program that shows this token."""
    return viewer.get("/openapi.json", headers={"Authorization": f"Bearer {token}"}).status_code


def restarted(viewer: Viewer, *options: str) -> Viewer:
    """The same viewer on the same port after a restart."""
    again = Viewer(viewer.root, viewer.log.parent, *options, "--port", str(viewer.port))
    again.port, again.url = viewer.port, viewer.url
    return again.wait_until_it_answers()


def test_an_automatic_token_survives_a_restart_and_new_renews_it(start_viewer: Callable[..., Viewer]) -> None:
    first = start_viewer(RUNICORN_TOKEN="auto")
    token = token_of(first)
    first.stop()
    second = restarted(first, "--token", "auto")
    try:
        assert token_of(second) == token and status(second, token) == 200
    finally:
        second.stop()
    third = restarted(first, "--token", "new")
    try:
        assert token_of(third) != token
        assert (status(third, token), status(third, token_of(third))) == (401, 200)
    finally:
        third.stop()


def test_a_kept_token_that_others_could_have_read_is_renewed(start_viewer: Callable[..., Viewer]) -> None:
    first = start_viewer(RUNICORN_TOKEN="auto")
    token = token_of(first)
    first.stop()
    [file] = (first.log.parent / "data").glob(f"token-{first.port}")
    file.chmod(0o644)
    second = restarted(first, "--token", "auto")
    try:
        assert token_of(second) != token
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        second.stop()


@pytest.mark.parametrize(
    "token", ["hunter2", "27182818284590452353602874713", "1234567890" * 5, "a" * 64, "correct horse"]
)
def test_a_guessable_token_is_recognized(token: str) -> None:
    assert estimated_bits(token) < MINIMUM_BITS


@pytest.mark.parametrize("token", ["4f1d0a97c3e85b2660d9187ae4f35c02", "vTq3kXw8Zr1LmNp5YbCd2F"])
def test_a_strong_token_is_accepted(token: str) -> None:
    assert estimated_bits(token) >= MINIMUM_BITS


def test_sixty_one_wrong_tokens_do_not_lock_out_the_right_one(
    start_viewer: Callable[..., Viewer], tmp_path: Path
) -> None:
    file = holds(tmp_path / "token")
    file.write_text(STRONG, encoding="ascii")
    viewer = start_viewer(tmp_path / "store", "--token", str(file), RUNICORN_RATE_LIMIT="off")
    wrong = [get(viewer.port, "/openapi.json", "Authorization: Bearer x").status for _ in range(61)]
    assert wrong == [401] * 60 + [429]
    assert status(viewer, STRONG) == 200
