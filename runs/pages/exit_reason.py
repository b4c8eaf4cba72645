"""Exit reasons in plain words. `status.json` is written by `runicorn.tracking.exit.hooks` and by the server."""

from __future__ import annotations

import re

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from runicorn.store import layout

WORDS = {
    "process_not_found": _("The process of this run ended without an exit status. The run counts as failed."),
    "KeyboardInterrupt": _("Interrupted by the user (Ctrl-C, or Stop in a notebook)."),
    "SIGTERM": _("Terminated by SIGTERM, for example by a scheduler, a shutdown or kill."),
    "SIGHUP": _("Ended by SIGHUP: its terminal was closed."),
    "SIGKILL": _("Killed by SIGKILL, for example by the system when memory ran out, or by a scheduler."),
}
_SIGNAL = re.compile(r"SIG[A-Z0-9]+")
_CODE = re.compile(r"exit: (-?\d+)")
_TEXT = re.compile(r"exit: (.+)", re.DOTALL)
_EXCEPTION = re.compile(r"([A-Za-z_][\w.]*)(?:: ?(.*))?", re.DOTALL)


def in_words(reason: str, status: str) -> str:
    """Return a sentence for the exit reason of a run; an unknown reason is quoted."""
    if reason in WORDS:
        return gettext(WORDS[reason])
    if _SIGNAL.fullmatch(reason):
        return gettext("Ended by signal %(name)s.") % {"name": reason}
    if found := _CODE.fullmatch(reason):
        return gettext("The script exited with code %(code)s.") % {"code": found[1]}
    if found := _TEXT.fullmatch(reason):
        return gettext("The script exited: %(text)s") % {"text": found[1]}
    found = _EXCEPTION.fullmatch(reason)
    if status == layout.FAILED and found and found[1][0].isupper():
        error = f"{found[1]}: {found[2]}" if found[2] else found[1]
        return gettext("Failed: %(error)s") % {"error": error}
    return gettext("Exit reason: %(reason)s") % {"reason": reason}
