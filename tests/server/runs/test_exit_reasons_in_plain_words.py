from __future__ import annotations

import pytest

from runicorn.store.state import derived
from runicorn.store.state.reasons import explain
from runicorn.tracking.exit import hooks
from runs.pages.state_reason import in_words


def sentence(status: str, reason: str | None) -> str:
    sentence = explain(derived(status, reason), status, reason, {})
    assert sentence is not None
    return in_words(sentence)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("CUDA out of memory\nmore"), "Failed: RuntimeError: CUDA out of memory"),
        (KeyError("x"), "Failed: KeyError: 'x'"),
        (ValueError(), "Failed: ValueError"),
        (KeyboardInterrupt(), "Interrupted by the user (Ctrl-C, or Stop in a notebook)."),
        (SystemExit(3), "The script exited with code 3."),
        (SystemExit("no data"), "The script exited: no data"),
    ],
)
def test_exit_reasons_of_the_sdk_are_explained(error: BaseException, words: str) -> None:
    assert sentence(*hooks.verdict(error)) == words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("process_not_found", "The process of this run ended without an exit status"),
        ("SIGTERM", "Terminated by SIGTERM"),
        ("SIGUSR1", "Ended by signal SIGUSR1."),
        ("out of budget", "Exit reason: out of budget"),
    ],
)
def test_other_exit_reasons_are_quoted(reason: str, words: str) -> None:
    assert sentence("interrupted", reason).startswith(words)
