"""Names with HTML, quotes, right-to-left and 200 characters are shown as they are, and change no page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]

NAMES = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "&lt;b&gt; &amp;",
    "مشروع שלום",
    "\u202eevil\u202c",
    "n" * 100,
]


@pytest.mark.parametrize("name", NAMES)
def test_an_unusual_name_is_shown_unchanged_on_every_page(store: Path, page: Page, name: str) -> None:
    safe = name.replace("/", "∕")  # the format allows no slash in a name
    metric = f"{name}/loss"
    run_id = write_run(
        store,
        safe,
        safe,
        status=f"odd {name}"[:60],
        metrics=[{metric: 1.0}],
        config={name: name},
        summary={"best_metric_name": metric, "best_metric_value": 1.0},
        logs=f"{name}\n",
        tags=[name],
        notes=name,
    )
    for address in ("/", f"/runs/{run_id}"):
        markup = page(address)
        assert safe.split() in [text.split() for text in markup.texts("bdi")]
        assert all("src" in script.attributes for script in markup.all("script"))
        assert not [
            element for element in markup.elements if any(key.startswith("on") for key in element.attributes)
        ]
        assert name.split() in [tag.text.split() for tag in markup.all("a", "tag")]
    figures = [
        element.attributes["data-name"]
        for element in markup.all("figure")
        if "data-name" in element.attributes
    ]
    assert figures == [metric]


def test_links_of_an_unusual_project_work(store: Path, page: Page) -> None:
    write_run(store, 'a&b=c"d é', "n")
    write_run(store, "other", "m")
    markup = page("/")
    link = next(element for element in markup.all("a", "soft") if 'a&b=c"d é' in element.text)
    assert page(link.attributes["href"]).texts("a", "name") == ["n"]
