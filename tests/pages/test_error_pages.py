"""Every status has a page with a sentence for people, which needs neither database nor request."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string

from tests.pages.markup import Markup


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 413, 429, 500, 503])
def test_an_error_page_says_what_happened_and_links_home(status: int) -> None:
    sentence = "<b>What happened</b> & why."
    markup = Markup(render_to_string("error.html", {"status": status, "title": "Gone", "sentence": sentence}))
    assert markup.texts("p", "sentence") == [sentence]
    assert markup.texts("h1") == ["Gone"]
    assert [link.attributes["href"] for link in markup.all("a", "main")] == ["/"]
    assert not [link for link in markup.all("a") if "aria-current" in link.attributes]
