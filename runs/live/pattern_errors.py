"""Reasons of Python for malformed regular expressions, as messages that a page translates."""

from __future__ import annotations

from runicorn.message import Message
from runicorn.message import gettext_noop as _

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
