"""Theme, density and language of the pages in one browser, in cookies so that the first paint is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

YEAR = 365 * 24 * 3600


class Choice(NamedTuple):
    """A setting with a fixed set of values."""

    name: str
    label: str | Promise
    cookie: str
    options: Mapping[str, str | Promise]
    """Labels by value; the first one is the default."""


CHOICES = (
    Choice(
        "theme", _("Theme"), "runicorn_theme", {"auto": _("Auto"), "light": _("Light"), "dark": _("Dark")}
    ),
    Choice(
        "density",
        _("Density"),
        "runicorn_density",
        {"normal": _("Normal"), "compact": _("Compact"), "roomy": _("Roomy")},
    ),
    Choice(
        "language",
        _("Language"),
        settings.LANGUAGE_COOKIE_NAME,
        {"auto": _("Auto")} | dict(settings.LANGUAGES),
    ),
)


def current_choices(request: HttpRequest) -> dict[str, str]:
    """Return the value of each choice by its name; unknown values in cookies are ignored."""
    cookies = {choice.name: request.COOKIES.get(choice.cookie, "") for choice in CHOICES}
    return {
        c.name: cookies[c.name] if cookies[c.name] in c.options else next(iter(c.options)) for c in CHOICES
    }


def set_cookies(response: HttpResponse, values: Mapping[str, str]) -> None:
    """Set the cookies of the choices in `values`; others stay as they are."""
    for choice in CHOICES:
        if choice.name in values:
            # Scripts read and set the theme too: the button in the rail.
            response.set_cookie(choice.cookie, values[choice.name], max_age=YEAR, samesite="Strict")
