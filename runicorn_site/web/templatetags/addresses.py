"""Template tag of addresses, loaded in every template."""

from __future__ import annotations

from django import template

from runicorn_site.web.addresses import site_address

register = template.Library()


@register.simple_tag
def base() -> str:
    """Return the path below which the browser sees the site, "" for the root: `href="{% base %}/settings"`."""
    return site_address("")
