"""Controls of our own: the page of all of them, suggestions of a field, tooltips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.pages.markup import Markup

FIELD = """() => {
    document.body.innerHTML = `<main><h1>Tags</h1><label>Tag <input id="tag" list="tags"></label>
        <datalist id="tags"><option value="baseline"></option><option value="best"></option><option value="old"></option></datalist>
        <button title="Remove this tag" aria-label="Remove">×</button><p id="said"></p></main>`;
    document.getElementById("tag").addEventListener("change", ({ target }) => (document.getElementById("said").textContent = target.value));
}"""


def test_the_page_of_controls_is_for_developers(
    store: Any, page: Callable[..., Markup], client: Client, settings: Any
) -> None:
    assert client.get("/design").status_code == 404
    settings.DEBUG = True
    markup = page("/design")
    assert len(markup.all("section")) >= 6
    for control in ("select", "textarea", "progress", "kbd", "details"):
        assert markup.all(control), control


@pytest.fixture
def form(js: Callable[..., Any], modules: Any) -> Any:
    """A page with a field that has suggestions, and a button with a tooltip."""
    for module in ("suggestions", "tooltip"):
        js(f"shared/{module}.js", "() => null")
    modules.evaluate(FIELD)
    return modules


def test_suggestions_are_chosen_by_keys_and_by_clicks(form: Any) -> None:
    from playwright.sync_api import expect

    field, offers = form.get_by_label("Tag"), form.get_by_role("option")
    field.press_sequentially("b")
    expect(offers).to_have_text(["baseline", "best"])
    field.press("ArrowDown")
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("best")
    expect(form.locator("#said")).to_have_text("best")
    expect(offers).to_have_count(0)
    field.fill("")
    field.press_sequentially("ol")
    offers.first.click()
    expect(field).to_have_value("old")
    field.fill("")
    field.press_sequentially("b")
    field.press("Escape")
    expect(offers).to_have_count(0)


def test_a_tooltip_is_shown_to_pointer_and_keyboard(form: Any) -> None:
    from playwright.sync_api import expect

    button, tip = form.get_by_role("button"), form.locator(".tooltip")
    button.hover()
    expect(tip).to_have_text("Remove this tag")
    form.mouse.move(0, 0)
    expect(tip).to_have_count(0)
    expect(button).to_have_attribute("title", "Remove this tag")
    form.get_by_label("Tag").focus()
    form.keyboard.press("Tab")
    expect(tip).to_be_visible()
    form.keyboard.press("Escape")
    expect(tip).to_have_count(0)
