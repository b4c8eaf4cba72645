"""How the pages look in one browser: theme and density, kept by it in cookies, so that the first paint is right."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse

YEAR = 365 * 24 * 3600


class Choice(NamedTuple):
    """One thing to choose."""

    name: str
    cookie: str
    options: tuple[str, ...]
    """The first one is the usual one."""


CHOICES = (
    Choice("theme", "runicorn_theme", ("auto", "light", "dark")),
    Choice("density", "runicorn_density", ("normal", "compact", "roomy")),
)


def chosen(request: HttpRequest) -> dict[str, str]:
    """Each choice by its name; an unknown word in a cookie counts as nothing."""
    asked = {choice.name: request.COOKIES.get(choice.cookie, "") for choice in CHOICES}
    return {c.name: asked[c.name] if asked[c.name] in c.options else c.options[0] for c in CHOICES}


def keep(request: HttpRequest, answer: HttpResponse) -> None:
    """Have the browser remember what a form chose; what it did not name, or named wrongly, stays."""
    for choice in CHOICES:
        if (word := request.POST.get(choice.name)) in choice.options:
            # Scripts read and set it too: the button in the rail.
            answer.set_cookie(choice.cookie, str(word), max_age=YEAR, samesite="Strict")
