"""Search a log with a regular expression, in a separate process.

A pattern such as `(a+)+b` can take exponential time, and a thread inside the engine cannot be stopped.
The process gets the open file as its standard input and a few seconds of CPU time; it is killed when they are over.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from runicorn.api.responses.run_files import LogMatches
from runicorn.message import Message
from runicorn.message import gettext_noop as _
from runs.errors import InvalidPattern, SearchTooLong
from runs.live import pattern_process
from runs.live.log_search import MatchingLines
from runs.live.pattern_process import REQUEST, SECONDS

MOST_SEARCHES = 2
"""Maximum number of processes at a time, for different senders: each needs a CPU."""
MOST_WAITING = 8
"""Maximum number of senders with a search that waits, each on a thread that serves requests."""
_ended = threading.Condition()
_searching: set[str] = set()
_waiting: dict[str, object] = {}
"""The newest search of each sender that waits; it takes the place of an earlier one."""


def matching_lines(fd: int, pattern: str, sender: str, *, ended: bool = False) -> LogMatches:
    """Return the lines of a UTF-8 file that match a regular expression of Python, ignoring case.

    Raises:
        SearchTooLong: the search took more than `SECONDS`, or the sender's last one or others do.
    """
    return cast(LogMatches, _search(fd, "lines", pattern, sender, ended))


def matching_numbers(fd: int, pattern: str, sender: str, *, ended: bool = False) -> MatchingLines:
    """Return the numbers of the lines that match, see `matching_lines`."""
    return cast(MatchingLines, _search(fd, "numbers", pattern, sender, ended))


@contextmanager
def turn(sender: str) -> Iterator[None]:
    """Wait until another search of this sender may begin.

    Raises:
        SearchTooLong: it would have to wait for longer than `SECONDS`, the sender began another search meanwhile, or too
            many others wait.
    """

    def may_begin() -> bool:
        return sender not in _searching and len(_searching) < MOST_SEARCHES

    own = object()
    with _ended:
        if sender not in _waiting and len(_waiting) >= MOST_WAITING:
            raise SearchTooLong
        _waiting[sender] = own
        _ended.notify_all()
        _ended.wait_for(lambda: _waiting.get(sender) is not own or may_begin(), SECONDS)
        if is_newest := _waiting.get(sender) is own:
            del _waiting[sender]
        if not (is_newest and may_begin()):
            raise SearchTooLong
        _searching.add(sender)
    try:
        yield
    finally:
        with _ended:
            _searching.remove(sender)
            _ended.notify_all()


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern, which is fast for any pattern of the allowed length."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise InvalidPattern(reason(error.msg), error.pos) from error
    except (RecursionError, OverflowError) as error:
        raise InvalidPattern(Message("too complex"), None) from error


def _search(fd: int, kind: str, pattern: str, sender: str, ended: bool) -> object:
    compiled(pattern)
    request = json.dumps({"kind": kind, "pattern": pattern, "ended": ended})
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), REQUEST: request}
    try:
        with turn(sender):
            # `-P`: a module in the working directory must not replace one of ours.
            process = subprocess.run(
                [sys.executable, "-P", "-m", pattern_process.__name__],
                stdin=fd,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=SECONDS,
            )
    except subprocess.TimeoutExpired as error:
        raise SearchTooLong from error
    if process.returncode:
        raise SearchTooLong
    return json.loads(process.stdout)


REASONS = (
    _("bad character range {text}"),
    _("bad escape (end of pattern)"),
    _("bad escape {text}"),
    _("bad repeat interval"),
    _("cannot refer to an open group"),
    _("cannot refer to group defined in the same lookbehind subpattern"),
    _("global flags not at the start of the expression"),
    _("incomplete escape {text}"),
    _("invalid group reference {text}"),
    _("look-behind requires fixed-width pattern"),
    _("min repeat greater than max repeat"),
    _("missing ), unterminated comment"),
    _("missing ), unterminated subpattern"),
    _("missing group name"),
    _("multiple repeat"),
    _("nothing to repeat"),
    _("redefinition of group name {text}"),
    _("unbalanced parenthesis"),
    _("unexpected end of pattern"),
    _("unknown extension {text}"),
    _("unknown group name {text}"),
    _("unterminated character set"),
)


def reason(text: str) -> Message:
    """Return the message of a `re.error` with its template, if that is known."""
    for template in REASONS:
        fixed, has_value, _rest = template.partition("{text}")
        if text == template:
            return Message(template)
        if has_value and text.startswith(fixed):
            return Message(template, text=text.removeprefix(fixed))
    return Message(text)
