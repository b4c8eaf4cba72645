"""URLs of this site in pages, redirects and responses."""

from __future__ import annotations

from django.urls import get_script_prefix


def site_address(path: str) -> str:
    """Return a path of this site, such as `/settings`, as the browser sees it: below the prefix of the request."""
    return f"{get_script_prefix().removesuffix('/')}{path}"
