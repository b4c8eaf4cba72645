"""Reasons of states in the language of the page."""

from __future__ import annotations

from typing import Any

from django.utils.html import conditional_escape, escape, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from runicorn.store.state import State
from runicorn.store.state.reasons import SPANS, TIMES, Sentence, explain, span
from runicorn_site.web.templatetags.ui import clock
from runs.models import Run


def reason(run: Run) -> SafeString:
    """Return a sentence about the state of a run as HTML; empty if there is nothing to explain."""
    sentence = explain(State(run.state), run.status, run.exit_reason, run.evidence)
    return SafeString("") if sentence is None else in_html(sentence)


def reason_text(run: Run) -> str:
    """Return the sentence as text, for tooltips; its times are UTC."""
    sentence = explain(State(run.state), run.status, run.exit_reason, run.evidence)
    return "" if sentence is None else in_words(sentence)


def in_words(sentence: Sentence) -> str:
    values = {name: _display_value(name, value) for name, value in sentence.values.items()}
    return gettext(sentence.template) % values


def in_html(sentence: Sentence) -> SafeString:
    """Translate a sentence; its times are elements that scripts show in local time."""
    values = {
        name: clock(value) if name in TIMES else conditional_escape(_display_value(name, value))
        for name, value in sentence.values.items()
    }
    return SafeString(escape(gettext(sentence.template)) % values)


def _display_value(name: str, value: Any) -> str:
    if name in TIMES:
        return f"{strip_tags(clock(value))} UTC"
    return span(value) if name in SPANS else str(value)
