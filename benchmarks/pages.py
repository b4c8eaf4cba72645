"""What the pages weigh, how soon they paint and how long charts take to draw, in a real Chromium from a real viewer.

Every load is a first visit: an empty cache, one at a time, the pages taking turns. The tab is open already, for what
it takes to start one is the browser's own affair. Weight is what travels for
everything that the page loads by itself, points of charts included. The first paint is the browser's own
first-contentful-paint, counted from the click; the same of the smallest answer there is stands beside it, which tells
what of it is the machine's and the browser's.

Usage: python -m benchmarks.pages [runs]
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks._journals import write_run
from benchmarks._rounds import alternating, line, viewer, workplace
from benchmarks.runs_list import total, write_store
from tests.browser import launch
from tests.waiting import until

RUNS = 10_000
CHARTS, STEPS = 200, 300
SMALLEST = "/api/health"
RUN = "20260101_000000_000001"
WEIGHT_LIMIT, PAINT_LIMIT, DRAW_LIMIT = 200.0, 300.0, 100.0
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
    const { Series } = await import("/static/js/chart/data.js");
    const settings = { axis: "step", smoothing: 0, log: false, range: null, origin: 0, spread: "auto" };
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

# Reading a pixel back waits until everything before it is painted.
DRAW = """() => {
    const began = performance.now();
    for (const chart of window.charts) chart.draw();
    for (const chart of window.charts) chart.canvas.getContext("2d").getImageData(0, 0, 1, 1);
    return performance.now() - began;
}"""


@dataclass
class Visits:
    """First visits to the pages of one site, each in a browser profile of its own."""

    browser: Any
    url: str
    weights: dict[str, float] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    shifts: dict[str, float] = field(default_factory=dict)

    def paint(self, path: str) -> float:
        """Milliseconds to the first paint; weight, requests and shifts are kept beside."""
        context = self.browser.new_context(viewport=WINDOW)
        try:
            page = context.new_page()
            page.goto(self.url + SMALLEST)
            sizes = _sizes(context.new_cdp_session(page))
            page.goto(self.url + path, wait_until="networkidle")
            painted = float(page.evaluate(PAINT))
            self.shifts[path] = float(page.evaluate(SHIFT))
            self.weights[path], self.requests[path] = sum(sizes) / 1000, len(sizes)
            return painted
        finally:
            context.close()


def _sizes(devtools: Any) -> list[float]:
    """Bytes of every answer as it travelled, head included; the list grows while the page loads."""
    sizes: list[float] = []
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return sizes


def visit(browser: Any, url: str) -> bool:
    """Print weight and first paint of the two pages; whether they are within their limits."""
    visits = Visits(browser, url)
    pages = {f"/ with {RUNS:,} runs": "/", f"a run with {CHARTS} charts": f"/runs/{RUN}"}
    paths = {"the smallest answer": SMALLEST, **pages}
    for path in paths.values():
        visits.paint(path)
    cases: dict[str, Callable[[], float]] = {
        name: (lambda path=path: visits.paint(path)) for name, path in paths.items()
    }
    painted = alternating(cases)
    smallest = painted["the smallest answer"]
    line("first paint of the smallest answer", smallest, "ms")
    kept = []
    for name, path in pages.items():
        kept.append(
            line(f"{name}: {visits.requests[path]} requests", visits.weights[path], "kB", WEIGHT_LIMIT)
        )
        kept.append(line(f"{name}: first paint", painted[name], "ms", PAINT_LIMIT))
        line("  against the smallest answer", painted[name] / smallest, "times")
        line("  what moved after it was painted (layout shift)", visits.shifts[path], "")
    return all(kept)


def draw(browser: Any, url: str) -> bool:
    """Print how long charts take to draw; whether that is within the limit."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    page.goto(f"{url}/runs/{RUN}", wait_until="networkidle")
    taken = {}
    for count, points in ((20, 2000), (1, 100_000)):
        page.evaluate(CHARTS_ON_PAGE, [count, points])
        taken[count] = alternating({"draw": lambda: float(page.evaluate(DRAW))})["draw"]
    context.close()
    line("one chart of 100,000 points, drawn anew", taken[1], "ms")
    return line("20 charts of 2,000 points, drawn anew", taken[20], "ms", DRAW_LIMIT)


def main() -> int:
    """Run it; 1 when a limit is missed."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("No Chromium here: the pages are not measured.")
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with workplace() as (root, home):
        fill(root, count)
        with viewer(root, home) as server, launch(program) as browser:
            until(lambda: total(server.url) > count, timeout=600, pause=0.5)
            kept = visit(browser, server.url)
            kept &= draw(browser, server.url)
    return 0 if kept else 1


def fill(root: Path, count: int) -> None:
    """Many finished runs, and one with very many metrics."""
    write_store(root, count)
    groups = ("train", "val", "layers", "gradients")
    names = [f"{groups[i % len(groups)]}/metric-{i:03d}" for i in range(CHARTS)]
    write_run(root, RUN, [range(STEPS)], names)


if __name__ == "__main__":
    sys.exit(main())
