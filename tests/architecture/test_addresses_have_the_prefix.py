"""Addresses of the site are built in one place on each side, so that a server below a prefix has no broken links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FIXED = {
    # After `="`: `{% url %}`, `{% static %}` and `{% base %}` add the prefix.
    "templates": re.compile(r"""=["']/(?!/)|["'(]/(?:api|static|openapi\.json)\b"""),
    # A quoted path that `siteAddress(…)` does not surround; "/" and "/text/" are no addresses.
    "static/js": re.compile(r"""(?<!siteAddress\()["'`]/(?:\?|[a-z][\w/.-]*(?:["'`?]|/\$\{))"""),
}
PYTHON = re.compile(
    r"""(?:redirect\(|HttpResponseRedirect\(|href=|src=|return |address=|url = )f?["']/(?!/)(?:[a-z?]|["'](?!\.))"""
)
SOURCES = (
    "runs",
    "metrics",
    "artifacts",
    "remote",
    "runicorn_site/pages",
    "runicorn_site/api",
    "runicorn_site/web",
)
"""Code inside of Django; the guard and the transport know the paths without the prefix."""


def fixed_addresses(path: Path, pattern: re.Pattern[str]) -> list[str]:
    """Return the lines of a file with an address that bypasses the prefix."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for number, line in enumerate(lines, 1)
        if pattern.search(line) and not line.lstrip().startswith(("*", "/*", "//", "#"))
    ]


@pytest.mark.parametrize(("folder", "suffix"), [("templates", "html"), ("static/js", "js")])
def test_pages_and_scripts_have_no_fixed_addresses(folder: str, suffix: str) -> None:
    files = sorted((ROOT / folder).rglob(f"*.{suffix}"))
    assert files
    addresses = [line for file in files for line in fixed_addresses(file, FIXED[folder])]
    assert not addresses, "use {% url %}, {% base %} or siteAddress():\n" + "\n".join(addresses)


def test_python_builds_addresses_with_reverse_or_site_address() -> None:
    files = [file for folder in SOURCES for file in sorted((ROOT / folder).rglob("*.py"))]
    addresses = [line for file in files for line in fixed_addresses(file, PYTHON)]
    assert not addresses, "use reverse() or site_address():\n" + "\n".join(addresses)


@pytest.mark.parametrize(
    ("pattern", "bad", "good"),
    [
        (FIXED["templates"], '<a href="/runs">', '<a href="{% base %}/runs">'),
        (FIXED["templates"], "data-live='/runs/1/live'", "data-live=\"{% url 'run-live' 1 %}\""),
        (
            FIXED["static/js"],
            "requestJson(`/api/runs?${query}`)",
            "requestJson(siteAddress(`/api/runs?${query}`))",
        ),
        (FIXED["static/js"], 'new Loader("/series")', 'name.indexOf("/")'),
        (FIXED["static/js"], "link.href = `/runs/${id}`", "new URL(this.address, location.href)"),
        (PYTHON, 'return redirect("/settings?notice=root")', 'return redirect(site_address("/settings"))'),
        (PYTHON, 'return f"/?{query}"', 'path.partition("/")'),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], bad: str, good: str) -> None:
    assert pattern.search(bad) and not pattern.search(good)
