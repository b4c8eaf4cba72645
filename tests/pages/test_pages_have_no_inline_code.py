"""Every page keeps its scripts and styles in files of this site, and every control has a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.folders import write_run
from tests.pages.markup import Element, Markup

Page = Callable[..., Markup]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def pages(store: Path, page: Page) -> dict[str, Markup]:
    """Every page, with something on it."""
    empty = page("/")
    run_id = write_run(
        store, "p", "n", metrics=[{"a/b": 1.0}], config={"x": 1}, tags=["t"], logs="l\n", notes="d"
    )
    deleted = write_run(store, "p", "gone")
    page("/")
    from runs.active_root import active_root
    from runs.services.recycle_bin import soft_delete_runs

    soft_delete_runs(root=active_root(), run_ids=[deleted])
    addresses = [
        "/",
        "/settings",
        "/alerts",
        "/alerts/rules/new",
        "/import",
        "/remote",
        "/remote/host",
        f"/runs/{run_id}",
        "/recycle-bin",
        "/system",
        "/?q=zzz",
        f"/?undo={deleted}",
    ]
    pages_by_address = {address: page(address) for address in addresses}
    return pages_by_address | {"empty": empty, "error": page("/no/such/page", status=404)}


def test_scripts_and_styles_are_files_of_this_site(pages: dict[str, Markup]) -> None:
    for address, markup in pages.items():
        assert not markup.all("style"), address
        for element in markup.elements:
            assert "style" not in element.attributes, (address, element)
            assert not [name for name in element.attributes if re.match(r"on[a-z]", name)], (address, element)
        assert all(script.attributes.get("src") for script in markup.all("script")), address


def test_nothing_is_loaded_from_another_host(pages: dict[str, Markup]) -> None:
    for address, markup in pages.items():
        for element in markup.elements:
            for name in ("src", "href", "action", "poster", "data", "hx-get", "hx-post"):
                where = urlsplit(element.attributes.get(name, ""))
                assert not where.netloc and where.scheme in ("", "data"), (address, element)


def test_every_control_has_a_name(pages: dict[str, Markup]) -> None:
    for address, markup in pages.items():
        controls = [
            element
            for tag in ("input", "select", "textarea", "button", "progress")
            for element in markup.all(tag)
        ]
        for control in controls:
            if control.attributes.get("type") == "hidden" or "hidden" in control.attributes:
                continue
            inside = next((parent.text for parent in control.parents if parent.tag == "label"), "")
            labelled = [
                element
                for element in markup.all("label")
                if element.attributes.get("for") == control.attributes.get("id", "-")
            ]
            named = control.attributes.get("aria-label") or control.text or inside or labelled
            assert named, (address, control)


def test_every_page_has_one_main_heading_language_and_distinct_ids(pages: dict[str, Markup]) -> None:
    for address, markup in pages.items():
        assert markup.all("html")[0].attributes["lang"] == "en"
        ids = [element.attributes["id"] for element in markup.elements if "id" in element.attributes]
        assert len(ids) == len(set(ids)), address
        assert len(markup.all("h1")) == 1, address
        assert markup.texts("title")[0].endswith("Runicorn")
        assert len(markup.all("main")) == 1


def test_links_and_buttons_have_a_label(pages: dict[str, Markup]) -> None:
    for address, markup in pages.items():
        for link in markup.all("a"):
            assert link.text or link.attributes.get("aria-label") or _image_inside(markup, link), (
                address,
                link,
            )


def _image_inside(markup: Markup, link: Element) -> bool:
    return any(link in image.parents and image.attributes.get("alt") for image in markup.all("img"))


def scripts() -> dict[str, str]:
    """Return the texts of all scripts by their paths."""
    paths = sorted((ROOT / "static").rglob("*.js"))
    assert paths
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_no_script_makes_code_from_text() -> None:
    code = re.compile(r"\beval\(|new Function|document\.write|insertAdjacentHTML")
    assert [path for path, text in scripts().items() if code.search(text)] == []


def test_no_script_names_another_host() -> None:
    address = re.compile(r"https?://(?!www\.w3\.org)")
    assert [path for path, text in scripts().items() if address.search(text)] == []


def test_scripts_stay_small() -> None:
    lines = {
        path: len(text.splitlines())
        for path, text in scripts().items()
        if not path.startswith("static/js/i18n/")  # generated
    }
    assert {path: n for path, n in lines.items() if n > 250} == {}
