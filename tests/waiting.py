"""Waiting for something to become true, with a deadline and never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LONGEST_PAUSE = 0.04
"""Seconds. What is looked at may be costly, and who waits long must not take the time of those it waits for."""


def until(condition: Callable[[], T], timeout: float = 120.0, pause: float = 0.01) -> T:
    """The first truthy answer of `condition`, which is asked after pauses that grow a little.

    Raises:
        AssertionError: it was still false after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not true after {timeout} s: {condition}"
        time.sleep(pause)
        pause = max(pause, min(pause * 1.1, LONGEST_PAUSE))


def until_refused(ask: Callable[[], int], limit: int) -> tuple[list[int], int]:
    """Ask until the answer changes; return the equal answers before it and the one that differs.

    A limit counts in windows that begin when they like, so that one may begin between two requests: at least `limit`
    requests are answered and at most twice as many.

    Raises:
        AssertionError: the answer changed too early or not at all.
    """
    answers = [ask()]
    while answers[-1] == answers[0]:
        assert len(answers) <= 2 * limit, f"{len(answers)} answers: {answers[0]}"
        answers.append(ask())
    assert len(answers) > limit, answers
    return answers[:-1], answers[-1]
