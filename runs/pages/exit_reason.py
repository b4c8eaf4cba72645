"""Exit reasons in plain words. `status.json` is written by `runicorn.tracking.exit.hooks` and by the server."""

from __future__ import annotations

import re

from runicorn.store import layout

WORDS = {
    "process_not_found": "The process of this run is gone: it ended without saying how. The run counts as failed.",
    "KeyboardInterrupt": "Interrupted by a person: Ctrl-C, or Stop in a notebook.",
    "SIGTERM": "Told to stop from outside (SIGTERM): by a scheduler, a shutdown or kill.",
    "SIGHUP": "Its terminal was closed (SIGHUP).",
    "SIGKILL": "Killed from outside (SIGKILL): by the system when memory ran out, by a scheduler or a person.",
}
_SIGNAL = re.compile(r"SIG[A-Z0-9]+")
_CODE = re.compile(r"exit: (-?\d+)")
_TEXT = re.compile(r"exit: (.+)", re.DOTALL)
_EXCEPTION = re.compile(r"([A-Za-z_][\w.]*)(?:: ?(.*))?", re.DOTALL)


def in_words(reason: str, status: str) -> str:
    """Return a sentence for the exit reason of a run; an unknown reason is quoted."""
    if reason in WORDS:
        return WORDS[reason]
    if _SIGNAL.fullmatch(reason):
        return f"Ended by the signal {reason}."
    if found := _CODE.fullmatch(reason):
        return f"The script ended itself with exit code {found[1]}."
    if found := _TEXT.fullmatch(reason):
        return f"The script ended itself: {found[1]}"
    found = _EXCEPTION.fullmatch(reason)
    if status == layout.FAILED and found and found[1][0].isupper():
        return (
            f"Ended by an exception, {found[1]}: {found[2]}"
            if found[2]
            else f"Ended by an exception, {found[1]}."
        )
    return f"Ended because: {reason}"
