"""Every page at three widths and in both themes: nothing sticks out, nothing overlaps, all text can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.folders import write_run
from tests.pages.conftest import CHARTED
from tests.processes import Viewer
from tests.screens import SIZES, fits_the_screen, open_chart_settings, open_run_details
from tests.waiting import until

Open = Callable[..., Any]
ADDRESSES = [
    "/",
    "/settings",
    "/alerts",
    "/projects",
    "/projects/vision",
    f"/projects/{'p' * 100}",
    "/projects/vision/groups",
    "/projects/vision/notebook?new",
    "/projects/vision/reports",
    f"/runs/{CHARTED}/nearest",
    "/artifacts",
    "/alerts/rules/new",
    "/import",
    "/remote",
    "/remote/host",
    "/?q=zzz",
    f"/runs/{CHARTED}",
    "/recycle-bin",
    "/system",
    "/?layout=charts",
    f"/?layout=charts&runs={CHARTED}",
    "/?layout=charts&tab=metrics",
]

FAINT_TEXT = """() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const grounds = new Map([[null, [255, 255, 255]]]);
    const ground = (element) => {
        if (!grounds.has(element)) {
            const colour = channels(getComputedStyle(element).backgroundColor);
            const opaque = colour.length === 3 || colour[3] === 1;
            grounds.set(element, opaque ? colour : ground(element.parentElement));
        }
        return grounds.get(element);
    };
    const faint = [];
    for (const element of document.querySelectorAll("body *")) {
        const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!text || !element.checkVisibility({ visibilityProperty: true })) continue;
        const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const hidden = getComputedStyle(element).color === "rgba(0, 0, 0, 0)";
        if (contrast < 4.5 && !hidden) faint.push([element.tagName, element.className, element.textContent.trim().slice(0, 40), contrast]);
    }
    return faint;
}"""


WIDE_ELEMENT = """() => {
    const wide = Object.assign(document.createElement("p"), { textContent: "wide" });
    wide.style.width = "600px";
    document.querySelector("main").append(wide);
}"""


def test_an_element_wider_than_a_phone_is_noticed(open_page: Open) -> None:
    page = open_page("/settings", size="phone")
    until(lambda: fits_the_screen(page))
    page.evaluate(WIDE_ELEMENT)
    until(lambda: not fits_the_screen(page), timeout=10)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_element_overflows_and_all_text_is_readable(open_page: Open, address: str) -> None:
    page = open_page(address)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        until(lambda: fits_the_screen(page))
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert page.evaluate(FAINT_TEXT) == [], (size, theme)


@pytest.mark.parametrize("address", ["/", "/?group=name", "/recycle-bin", "/?layout=charts"])
def test_only_the_rows_scroll_where_the_page_fills_the_window(open_page: Open, address: str) -> None:
    page = open_page(address, size="wide")
    page.set_viewport_size({"width": 1440, "height": 400})
    if "charts" in address:
        page.locator("figure .plot canvas").first.wait_for()
    until(lambda: page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0, timeout=10)


@pytest.mark.parametrize("menu", ["views", "filter-menu"])
def test_an_open_menu_of_the_table_fits_a_phone(open_page: Open, menu: str) -> None:
    page = open_page("/", size="phone")
    page.locator(f"#{menu} > summary").click()
    sheet = page.locator(f"#{menu} > .sheet")
    sheet.wait_for()
    box, (width, height) = sheet.bounding_box(), SIZES["phone"]
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert box["y"] >= 0 and box["y"] + box["height"] <= height


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/?project=vision&add=metric.val/acc.last&sort=-metric.val/acc.last", "0.99667"),
        ("/?project=vision&add=metric.val/acc.last&sort=-metric.val/acc.last&group=name", "0.99667"),
        ("/?project=vision&sort=-duration", "5 min 1 s"),
    ],
)
def test_a_phone_shows_the_number_by_which_the_table_is_sorted(
    open_page: Open, address: str, text: str
) -> None:
    page = open_page(address, size="phone")
    row = page.locator("table.runs tbody tr").first
    until(lambda: text in row.inner_text().split("\n"))
    assert not row.locator(".c-best").is_visible()
    until(lambda: fits_the_screen(page))


CUT_TOOLS = """() => [...document.querySelectorAll("#chart-tools > *, #group-tools > *")]
    .filter((one) => !one.popover && one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => { const { left, right } = one.getBoundingClientRect(); return left < 0 || right > innerWidth; })
    .map((one) => one.outerHTML.slice(0, 120))"""


ROWS_OF_TOOLS = """() => {
    const middles = [...document.querySelectorAll(".charts-head :is(input, select, button, a)")]
        .filter((one) => !one.closest("[popover]") && one.checkVisibility({ visibilityProperty: true }))
        .map((one) => one.getBoundingClientRect()).filter(({ height }) => height)
        .map(({ top, bottom }) => (top + bottom) / 2).sort((a, b) => a - b);
    return middles.filter((y, i) => !i || y - middles[i - 1] > 16).length;
}"""
"""Rows of controls between the head of the page and the first chart."""


@pytest.mark.parametrize("address", [f"/runs/{CHARTED}", f"/compare?runs={CHARTED}"])
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_no_tool_of_the_charts_is_cut_on_a_phone(open_page: Open, address: str, locale: str) -> None:
    page = open_page(address, size="phone", locale=locale)
    page.locator("#chart-tools:not([hidden])").wait_for()
    until(lambda: page.evaluate(CUT_TOOLS) == [], timeout=20)
    assert page.evaluate(ROWS_OF_TOOLS) == 2
    open_chart_settings(page)
    for name in ("smooth", "method", *(("group", "of") if "compare" in address else ())):
        field = page.locator(f"#chart-settings [name={name}]")
        field.scroll_into_view_if_needed()
        box = field.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= SIZES["phone"][0]
    page.set_viewport_size({"width": 1440, "height": 900})
    until(lambda: page.locator("#chart-tools > .smooth [name=smooth]").count())
    assert not page.locator("#chart-settings [name=smooth]").count()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_the_header_of_a_run_leaves_a_phone_to_its_charts(open_page: Open, locale: str) -> None:
    page = open_page(f"/runs/{CHARTED}", size="phone", locale=locale)
    header = page.locator("#header")
    assert header.bounding_box()["height"] <= 150
    assert "300" in header.inner_text() and "0.9966" in header.inner_text()
    assert not header.get_by_text(CHARTED).is_visible()
    open_run_details(page)
    for fact in (CHARTED, "elsewhere", "baseline"):
        assert header.get_by_text(fact).first.is_visible()
    assert header.locator(".actions .button:visible").count() == 8
    until(lambda: fits_the_screen(page))


@pytest.mark.parametrize("address", ["/", "/?layout=charts"])
def test_a_phone_shows_the_layouts_and_the_counts_of_all_statuses(open_page: Open, address: str) -> None:
    page = open_page(address, size="phone")
    chips = page.locator("nav.chips")
    assert page.locator(".layouts").get_by_text("Charts").bounding_box()["width"] > 20
    assert chips.evaluate("(nav) => nav.scrollWidth - nav.clientWidth") == 0
    assert chips.locator(".count").count() >= 4
    assert chips.get_by_role("link", name="Failed").is_visible()
    chips.get_by_role("link", name="Failed").click()
    until(lambda: "Failed" in page.locator("nav.chips [aria-current]").inner_text())
    until(lambda: fits_the_screen(page))


@pytest.mark.parametrize("address", ["/", "/?layout=charts"])
def test_a_phone_folds_the_filters_that_are_not_in_force(open_page: Open, address: str) -> None:
    page = open_page(address, size="phone")
    order, expression = page.locator("select[name=sort]"), page.locator("#where")
    assert page.locator("#search").is_visible() == (address == "/")
    assert not order.is_visible() and not expression.is_visible()
    page.locator("label[for=more-filters]").click()
    assert order.is_visible() and expression.is_visible()
    order.select_option("-best")
    page.wait_for_url("**sort=-best**")
    until(lambda: page.locator("#filters select[name=sort] option:checked").get_attribute("value") == "-best")
    assert order.is_visible()  # they stay unfolded
    until(lambda: fits_the_screen(page))
    wide = open_page(address, size="wide")
    assert wide.locator("select[name=project]").is_visible()
    assert not wide.locator("label[for=more-filters]").is_visible()
    page = open_page(f"{address}{'&' if '?' in address else '?'}where=lr+<+5", size="phone")
    assert (
        page.locator(".conditions .tag").is_visible() and not page.locator("select[name=sort]").is_visible()
    )


def test_the_name_of_a_metric_is_not_broken_where_there_is_room(open_page: Open) -> None:
    page = open_page("/?layout=charts&tab=metrics")
    name = page.locator("#metric-table tbody .key bdi").first
    name.evaluate("(one) => { one.textContent = 'train/layer0/grad_norm'; }")
    assert name.evaluate("(one) => one.getClientRects().length") == 1


def test_rows_of_the_table_are_32_pixels_high_and_its_head_stays(open_page: Open) -> None:
    page = open_page("/?size=50")
    heights = page.evaluate("[...document.querySelectorAll('tbody tr')].map((row) => row.offsetHeight)")
    assert set(heights) == {32}
    page.set_viewport_size({"width": 1440, "height": 300})
    page.evaluate("document.querySelector('.scroll').scrollTop = 200")
    head, first = page.evaluate(
        "['thead th', 'tbody tr'].map((one) => document.querySelector(one).getBoundingClientRect().top)"
    )
    assert head > first


def test_the_log_stands_beside_the_charts_where_there_is_room(open_page: Open) -> None:
    wide = open_page(f"/runs/{CHARTED}")
    assert wide.locator("#charts").is_visible() and wide.locator("#log .lines").is_visible()
    phone = open_page(f"/runs/{CHARTED}", size="phone")
    assert phone.locator("#charts").is_visible() and not phone.locator("#log").is_visible()
    phone.get_by_role("tab", name="Log").click()
    assert phone.locator("#log .lines").is_visible() and not phone.locator("#charts").is_visible()
    assert phone.url.endswith("?pane=log")


def test_the_theme_is_chosen_kept_and_there_before_the_first_paint(open_page: Open) -> None:
    page = open_page("/")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    button = page.get_by_role("button", name="Theme")
    button.click()
    button.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    until(lambda: button.get_attribute("aria-label") == "Theme: Dark")


@pytest.mark.journey("phone")
def test_a_long_metric_wraps_on_the_page_of_its_project(open_page: Open, busy_site: Viewer) -> None:
    metric = "validation/accuracy_of_the_best_checkpoint_on_the_held_out_set"
    write_run(busy_site.root, "long-metric", metrics=[{metric: 0.5}])
    until(lambda: metric in busy_site.get("/projects/long-metric").text)
    page = open_page("/projects/long-metric")
    until(lambda: fits_the_screen(page), timeout=20)
