"""Scripts of a page."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from runicorn_site.static_names import imports

register = template.Library()


@register.simple_tag
def module(name: str) -> SafeString:
    """A script of the page, `js/run.js`, and the modules it will ask for: all at once, instead of one after another.

    They come after the style sheets, without which nothing is painted.
    """
    early = ((static(other),) for other in imports(name))
    links = format_html_join("", '<link rel="modulepreload" href="{}" fetchpriority="low">', early)
    return format_html('<script type="module" src="{}"></script>{}', static(name), links)
