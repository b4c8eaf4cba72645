"""The menu of one chart: its metrics, axes, range and smoothing, full screen, a step to go to, link and files."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.test_charts_in_the_browser import (  # noqa: F401  (fixtures)
    Server,
    board,
    curve,
    output,
    painted,
    server,
)
from tests.pages.test_smoothed_and_noisy_curves import smoothed
from tests.waiting import until

Board = Callable[..., Any]


def open_menu(page: Any, name: str = "loss") -> Any:
    """Open the menu of a chart with its button."""
    until(lambda: painted(page, name) > 300)
    page.locator(f'figure[data-name="{name}"]').hover()
    page.get_by_role("button", name=f"Options: {name}").click()
    return page.locator(".chart-menu")


def options(page: Any) -> Any:
    return page.evaluate(
        "Object.fromEntries(Object.entries(options).filter(([, set]) => Object.keys(set).length))"
    )


def test_the_value_axis_has_the_chosen_range(board: Board) -> None:  # noqa: F811
    page = board("loss", "other")
    menu = open_menu(page)
    menu.get_by_label("Minimum").fill("0")
    menu.get_by_label("Maximum").fill("10")
    menu.get_by_label("Maximum").press("Enter")
    until(lambda: page.evaluate("chart('loss').plot.y.domain") == [0, 10])
    assert page.evaluate("chart('other').plot.y.domain[1]") < 4
    assert options(page) == {"loss": {"y_range": [0, 10]}}
    menu.get_by_role("button", name="Reset chart").click()
    until(lambda: page.evaluate("chart('loss').plot.y.domain[1]") < 4)
    assert options(page) == {}


def test_an_empty_range_is_refused_with_a_sentence(board: Board) -> None:  # noqa: F811
    page = board("loss")
    menu = open_menu(page)
    menu.get_by_label("Maximum").fill("1")
    menu.get_by_label("Maximum").press("Tab")
    menu.get_by_label("Minimum").fill("2")
    menu.get_by_label("Minimum").press("Tab")
    until(lambda: "minimum must be below" in menu.inner_text())
    assert options(page) == {"loss": {"y_range": [None, 1]}}


def test_axes_and_smoothing_of_one_chart_differ_from_the_page(board: Board, server: Server) -> None:  # noqa: F811
    server.make = smoothed
    page = board("loss", "other", search="?smooth=0.5")
    menu = open_menu(page)
    menu.get_by_label("Log y").check()
    menu.get_by_label("Method").select_option("mean")
    until(lambda: page.evaluate("chart('loss').settings.smoothing.method") == "mean")
    until(lambda: page.evaluate("[chart('loss').plot.y.log, chart('other').plot.y.log]") == [True, False])
    until(lambda: server.asked[-1].get("smoothing_window") == ["20"])
    assert options(page) == {"loss": {"y_log": True, "smoothing": {"method": "mean", "window": 20}}}
    assert page.evaluate("chart('other').settings.smoothing.method") == "ema"


def test_a_chart_shows_several_metrics(board: Board, server: Server) -> None:  # noqa: F811
    server.make = lambda name, query: (part := curve(name, query)) | {"y": [y + len(name) for y in part["y"]]}
    page = board("train/loss", "val/loss", "lr")
    menu = open_menu(page, "train/loss")
    menu.get_by_label("Add a metric").fill("val/loss")
    menu.get_by_label("Add a metric").press("Enter")
    until(lambda: page.evaluate("chart('train/loss').curves.length") == 2)
    assert page.evaluate("chart('train/loss').curves.map(({ label }) => label)") == ["train/loss", "val/loss"]
    menu.get_by_label("Add a metric").fill("/^(val|train)/")
    menu.get_by_label("Add a metric").press("Enter")
    until(lambda: options(page) == {"train/loss": {"match": "^(val|train)"}})
    assert page.evaluate("chart('train/loss').names") == ["train/loss", "val/loss"]
    menu.get_by_label("Add a metric").fill("loss/val")
    menu.get_by_label("Add a metric").press("Enter")
    until(lambda: "No metric matches" in menu.inner_text())
    menu.get_by_role("button", name="Remove /^(val|train)/").click()
    until(lambda: page.evaluate("chart('train/loss').curves.length") == 1)


def test_a_curve_is_drawn_over_another_metric(board: Board, server: Server) -> None:  # noqa: F811
    def over(name: str, query: dict[str, list[str]]) -> dict[str, Any]:
        part = curve(name, query)
        return part | ({"along": [step / 100 for step in part["x"]]} if "x_metric" in query else {})

    server.make = over
    page = board("loss", "epoch")
    menu = open_menu(page)
    menu.locator("select[name=x]").select_option("epoch")
    until(lambda: page.evaluate("chart('loss').domain") == [0, 10])
    page.keyboard.press("Escape")
    page.evaluate("chart('loss').hooks.cursor(5)")
    until(lambda: output(page, "loss").endswith("epoch 5"))
    menu = open_menu(page)
    menu.get_by_label("Step", exact=True).fill("423")
    page.keyboard.press("Enter")
    until(lambda: output(page, "loss").endswith("epoch 4.23, step 423"))
    page.evaluate("chart('loss').hooks.zoom([2, 3])")
    until(lambda: server.asked[-1].get("step_range") == ["190:310"])
    assert page.evaluate("chart('loss').domain") == [2, 3]
    assert page.evaluate("chart('epoch').domain") == [0, 1000]


def test_a_chart_fills_the_screen_until_escape(board: Board) -> None:  # noqa: F811
    page = board("loss", "other")
    until(lambda: painted(page, "loss") > 300)
    plot = page.locator('figure[data-name="loss"] .plot')
    plot.focus()
    page.keyboard.press("f")
    until(lambda: plot.bounding_box()["height"] > 450)
    assert page.evaluate("location.search") == "?full=loss"
    page.keyboard.press("m")
    until(lambda: page.locator(".chart-menu").is_visible())
    page.keyboard.press("Escape")
    until(lambda: page.locator(".chart-menu").count() == 0)
    assert plot.bounding_box()["height"] > 450
    page.keyboard.press("Escape")
    until(lambda: plot.bounding_box()["height"] < 300)
    assert page.evaluate("location.search") == ""
    page = board("loss", search="?full=loss")
    until(lambda: page.locator("figure:popover-open").count() == 1)


def test_keys_act_on_the_chart_under_the_pointer(board: Board) -> None:  # noqa: F811
    page = board("loss", "other")
    until(lambda: painted(page, "loss") > 300 and painted(page, "other") > 300)
    loss, other = (page.locator(f'figure[data-name="{name}"] .plot') for name in ("loss", "other"))
    page.evaluate("keys = []; document.addEventListener('keydown', ({ key }) => keys.push(key))")
    menu = page.locator(".chart-menu")
    loss.hover()
    for key, field in (("m", "metric"), ("g", "step")):
        page.keyboard.press(key)
        menu.wait_for()
        assert menu.get_attribute("aria-label") == "Options of loss"
        until(lambda field=field: page.evaluate("document.activeElement.name") == field)
        page.keyboard.press("Escape")
        until(lambda: menu.count() == 0)
    # The focus is in the chart by now: the pointer that moves on afterwards wins, then again the focus.
    other.hover()
    page.keyboard.press("f")
    until(lambda: other.bounding_box()["height"] > 450)
    page.keyboard.press("f")
    until(lambda: other.bounding_box()["height"] < 300)
    loss.focus()
    page.keyboard.press("f")
    until(lambda: page.evaluate("location.search") == "?full=loss")
    page.keyboard.press("f")
    until(lambda: page.evaluate("location.search") == "")
    assert page.evaluate("keys") == [], "keys of the page are not pressed as well"
    # Beside the charts they belong to the page.
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(1, 1)
    page.keyboard.press("g")
    assert page.evaluate("keys").pop() == "g"
    assert menu.count() == 0


def test_a_typed_step_moves_the_cursor(board: Board) -> None:  # noqa: F811
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.locator(".plot").focus()
    page.keyboard.press("g")
    page.locator(".chart-menu").wait_for()
    page.keyboard.type("423")
    page.keyboard.press("Enter")
    until(lambda: output(page, "loss").endswith(" step 423"))
    until(lambda: not page.locator(".chart-menu").count())


def test_the_menu_opens_with_the_context_key_and_the_right_button(board: Board) -> None:  # noqa: F811
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.locator(".plot").click(button="right", position={"x": 200, "y": 50})
    until(lambda: page.locator(".chart-menu").is_visible())
    page.keyboard.press("Escape")
    until(lambda: not page.locator(".chart-menu").count())
    page.locator(".plot").dispatch_event("contextmenu")
    until(lambda: page.locator(".chart-menu").is_visible())


@pytest.mark.parametrize(("width", "points"), [("85", 240.94), ("170", 481.89)])
def test_vector_pictures_have_the_width_of_a_column(board: Board, width: str, points: float) -> None:  # noqa: F811
    page = board("train/loss")
    menu = open_menu(page, "train/loss")
    menu.get_by_label("Width of SVG and PDF").select_option(width)
    with page.expect_download() as download:
        menu.get_by_role("button", name="SVG").click()
    text = download.value.path().read_text()
    assert f'width="{width}mm"' in text and ">train/loss</text>" in text and ">step</text>" in text
    overflow = page.evaluate(
        "(text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelectorAll('parsererror').length",
        text,
    )
    assert overflow == 0 and max(path.count("L") for path in text.split("<path")) >= 100
    with page.expect_download() as download:
        menu.get_by_role("button", name="PDF").click()
    data = download.value.path().read_bytes()
    assert data.startswith(b"%PDF-1.4") and f"/MediaBox [0 0 {points} ".encode() in data
    assert b"(train/loss) Tj" in data
    check_places(data)


def test_a_pdf_contains_names_that_its_font_lacks(board: Board) -> None:  # noqa: F811
    page = board("损失")
    menu = open_menu(page, "损失")
    with page.expect_download() as download:
        menu.get_by_role("button", name="PDF").click()
    data = download.value.path().read_bytes()
    assert b"/ImageMask true" in data and b"/M0 Do" in data
    check_places(data)


def check_places(data: bytes) -> None:
    """Every object stands where the table of the file says, and every stream is as long as it says."""
    start = int(re.findall(rb"startxref\n(\d+)", data)[-1])
    table = re.findall(rb"(\d{10}) 00000 n", data[start:])
    assert len(table) >= 7
    for number, place in enumerate(table, 1):
        assert data[int(place) :].startswith(f"{number} 0 obj\n".encode())
    for match in re.finditer(rb"/Length (\d+) >>\nstream\n", data):
        assert data[match.end() + int(match[1]) :].startswith(b"\nendstream")


def test_points_and_picture_are_downloaded(board: Board) -> None:  # noqa: F811
    page = board("train/loss")
    menu = open_menu(page, "train/loss")
    with page.expect_download() as download:
        menu.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "chart-train_loss.csv"
    lines = download.value.path().read_text().splitlines()
    assert lines[:2] == ["step,value", "0,2"] and len(lines) == 102
    with page.expect_download() as download:
        menu.get_by_role("button", name="PNG").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_the_link_of_a_chart_opens_it_in_full_screen(board: Board) -> None:  # noqa: F811
    page = board("loss", search="?log=1")
    menu = open_menu(page)
    page.evaluate(
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }"
    )
    menu.get_by_role("button", name="Copy link").click()
    until(lambda: "Link copied." in menu.inner_text())
    assert page.evaluate("window.copied").endswith("/?log=1&full=loss")
