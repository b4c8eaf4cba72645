from __future__ import annotations

import pytest

from runicorn.tracking.exit import hooks
from runs.pages.exit_reason import in_words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("CUDA out of memory\nmore"), "Ended by an exception, RuntimeError: CUDA out of memory"),
        (KeyError("x"), "Ended by an exception, KeyError: 'x'"),
        (ValueError(), "Ended by an exception, ValueError."),
        (KeyboardInterrupt(), "Interrupted by a person: Ctrl-C, or Stop in a notebook."),
        (SystemExit(3), "The script ended itself with exit code 3."),
        (SystemExit("no data"), "The script ended itself: no data"),
    ],
)
def test_what_the_library_writes(error: BaseException, words: str) -> None:
    status, reason = hooks.verdict(error)
    assert reason is not None
    assert in_words(reason, status) == words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("process_not_found", "The process of this run is gone"),
        ("SIGTERM", "Told to stop from outside (SIGTERM)"),
        ("SIGUSR1", "Ended by the signal SIGUSR1."),
        ("out of budget", "Ended because: out of budget"),
    ],
)
def test_what_else_is_there(reason: str, words: str) -> None:
    assert in_words(reason, "interrupted").startswith(words)
