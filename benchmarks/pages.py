"""Weight, first paint and chart drawing time of the pages, in a real Chromium with a real viewer.

First paint is the browser's first-contentful-paint since the click: server response, blocking resources, layout and
painting. It is measured twice, with the same limit:

- the first visit with a new profile: the cache is empty, every file is transferred;
- a later visit: the files are cached, the page itself is requested and rendered again.

The browser runs and its tab is open on another response of the viewer, because the start of a browser is beyond the
control of any page. Pages alternate, one load at a time. The same is measured for a response of a few bytes, which
shows the share of the machine and the browser.

Weight is everything transferred at a first visit, in a separate load, including the points of the charts.

Usage: python -m benchmarks.pages [runs]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.runs_list import total, write_store
from benchmarks.support import felt, workspace
from benchmarks.support.browser import launch
from benchmarks.support.journals import write_run
from benchmarks.support.processes import browser as find_browser
from benchmarks.support.rounds import alternating, line, viewer, workplace
from benchmarks.support.waiting import until

RUNS = 10_000
CHARTS, STEPS = 200, 300
ROUNDS = 9
SMALLEST = "/static/js/recycle_bin.js"
START = "/api/health"
RUN = "20260101_000000_000001"
LONG, LONG_STEPS = "20260101_000000_000002", 200_000
MANY, MANY_METRICS = "20260101_000000_000003", 500
WEIGHT_LIMIT, PAINT_LIMIT, DRAW_LIMIT = 200.0, 300.0, 100.0
WORKSPACE_WEIGHT_LIMIT = 250.0
SHIFT_LIMIT = 0.1  # cumulative layout shift that web.dev calls good
WINDOW = {"width": 1440, "height": 900}

PAINT = """new Promise((done) => new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") done(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""

SHIFT = """new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 50);
})"""

CHARTS_ON_PAGE = """async ([count, points]) => {
    document.body.innerHTML = '<div class="charts"></div>';
    const { Chart } = await import("/static/js/chart/chart.js");
    const { Series } = await import("/static/js/chart/data/series.js");
    const settings = { axis: "step", smoothing: null, log: false, range: null, origin: 0, spread: "auto" };
    const x = Array.from({ length: points }, (_, i) => i);
    window.charts = Array.from({ length: count }, (_, k) => {
        const figure = document.createElement("figure");
        figure.dataset.name = `loss-${k}`;
        figure.innerHTML = "<figcaption><h3>loss</h3><output></output></figcaption>";
        document.querySelector(".charts").append(figure);
        const chart = new Chart(figure, settings, { cursor() {}, zoom() {} });
        const y = x.map((step) => Math.exp(-step / points) + Math.sin(step * (k + 1)) / 9 + ((step * 7919) % 101) / 500);
        chart.setCurves([{ series: Series.from({ name: `loss-${k}`, kind: "float", count: points, x, y }, 0) }]);
        chart.show(true);
        return chart;
    });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

# Reading back a pixel waits until everything before it is painted.
DRAW = """() => {
    const began = performance.now();
    for (const chart of window.charts) chart.draw();
    for (const chart of window.charts) chart.canvas.getContext("2d").getImageData(0, 0, 1, 1);
    return performance.now() - began;
}"""


@dataclass
class Visits:
    """Visits of the pages of one site."""

    browser: Any
    url: str
    shifts: dict[str, float] = field(default_factory=dict)
    warm_profile: Any = None

    def first(self, path: str) -> float:
        """Return the milliseconds to the first paint for a new profile; record the layout shift."""
        context = self.browser.new_context(viewport=WINDOW)
        try:
            return self._paint(context.new_page(), path)
        finally:
            context.close()

    def later(self, path: str) -> float:
        """Return the same for the profile with a warm cache, in a new tab."""
        if self.warm_profile is None:
            self.warm_profile = self.browser.new_context(viewport=WINDOW)
        page = self.warm_profile.new_page()
        try:
            return self._paint(page, path)
        finally:
            page.close()

    def _paint(self, page: Any, path: str) -> float:
        page.goto(self.url + START)
        page.goto(self.url + path, wait_until="networkidle")
        self.shifts[path] = max(self.shifts.get(path, 0.0), float(page.evaluate(SHIFT)))
        return float(page.evaluate(PAINT))

    def weigh(self, path: str) -> tuple[float, int]:
        """Return the kilobytes transferred at a first visit, including headers, and the number of responses."""
        context = self.browser.new_context(viewport=WINDOW)
        try:
            page = context.new_page()
            devtools, sizes = context.new_cdp_session(page), []
            devtools.send("Network.enable")
            devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
            page.goto(self.url + path, wait_until="networkidle")
            return sum(sizes) / 1000, len(sizes)
        finally:
            context.close()


def visit(browser: Any, url: str) -> bool:
    """Print weight and first paint of the two pages; return whether the limits are met."""
    visits = Visits(browser, url)
    pages = {
        f"/ with {RUNS:,} runs": "/",
        f"a run with {CHARTS} charts": f"/runs/{RUN}",
        f"{workspace.RUNS} runs with {workspace.METRICS} charts": workspace.PATH,
    }
    limits = {workspace.PATH: WORKSPACE_WEIGHT_LIMIT}
    paths = {"a few bytes of text": SMALLEST, **pages}
    within_limits = []
    for name, path in pages.items():
        weight, requests = visits.weigh(path)
        within_limits.append(
            line(f"{name}: {requests} answers", weight, "kB", limits.get(path, WEIGHT_LIMIT))
        )
    for when, paint in (("first visit", visits.first), ("later visit", visits.later)):
        for path in paths.values():
            paint(path)
        cases: dict[str, Callable[[], float]] = {
            name: (lambda path=path, paint=paint: paint(path)) for name, path in paths.items()
        }
        painted = alternating(cases, ROUNDS)
        line(f"{when}: first paint of a few bytes of text", painted["a few bytes of text"], "ms")
        for name in pages:
            within_limits.append(line(f"{when}: first paint of {name}", painted[name], "ms", PAINT_LIMIT))
            line("  against the few bytes", painted[name] / painted["a few bytes of text"], "times")
    for name, path in pages.items():
        within_limits.append(line(f"{name}: layout shift", visits.shifts[path], "", SHIFT_LIMIT))
    visits.warm_profile.close()
    return all(within_limits)


def draw(browser: Any, url: str) -> bool:
    """Print how long charts take to draw; return whether the limit is met."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    page.goto(f"{url}/runs/{RUN}", wait_until="networkidle")
    measured = {}
    for count, points in ((20, 2000), (1, 100_000)):
        page.evaluate(CHARTS_ON_PAGE, [count, points])
        measured[count] = alternating({"draw": lambda: float(page.evaluate(DRAW))})["draw"]
    context.close()
    line("one chart of 100,000 points, redrawn", measured[1], "ms")
    return line("20 charts of 2,000 points, redrawn", measured[20], "ms", DRAW_LIMIT)


def follow(browser: Any, url: str) -> bool:
    """Print how soon the charts of a long run, and of one with many metrics, follow a user; return whether in time."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    page.goto(f"{url}/runs/{LONG}", wait_until="networkidle")
    page.wait_for_function(felt.DRAWN, arg=1)
    within_limits = [felt.hover(page, f"{LONG_STEPS:,} steps")]
    within_limits.append(felt.first_values(context, f"{url}/runs/{LONG}", f"{LONG_STEPS:,} steps"))
    page.goto(f"{url}/runs/{MANY}", wait_until="networkidle")
    within_limits.append(felt.filtering(page, f"{MANY_METRICS} metrics"))
    context.close()
    return all(within_limits)


def main() -> int:
    program = find_browser()
    if program is None:
        print("No Chromium here: the pages are not measured.")
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with workplace() as (root, home):
        fill(root, count)
        with viewer(root, home) as server, launch(program) as browser:
            until(lambda: total(server.url) > count + 2 + workspace.RUNS, timeout=600, pause=0.5)
            within_limits = visit(browser, server.url)
            within_limits &= draw(browser, server.url)
            within_limits &= workspace.interact(browser, server.url, WINDOW)
            within_limits &= follow(browser, server.url)
    return 0 if within_limits else 1


def fill(root: Path, count: int) -> None:
    """Write many finished runs, and one with very many metrics."""
    write_store(root, count)
    groups = ("train", "val", "layers", "gradients")
    names = [f"{groups[i % len(groups)]}/metric-{i:03d}" for i in range(CHARTS)]
    write_run(root, RUN, [range(STEPS)], names)
    write_run(root, LONG, [range(LONG_STEPS)], ["train/loss", "train/acc", "val/loss", "lr"])
    metrics = [f"{groups[i % len(groups)]}/metric-{i:03d}" for i in range(MANY_METRICS)]
    write_run(root, MANY, [range(60)], metrics)
    workspace.fill(root)


if __name__ == "__main__":
    sys.exit(main())
