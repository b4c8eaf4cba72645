"""Measure how soon the charts follow a user: pointer, keys of the filter, first values, way back."""

from __future__ import annotations

from typing import Any

from benchmarks.support.rounds import line, percentile

HOVER_LIMIT, KEY_LIMIT, SMOOTHING_LIMIT, FIRST_LIMIT, BACK_LIMIT = 16.0, 50.0, 50.0, 300.0, 100.0
POSITIONS, ROUNDS = 60, 9
KEYS = ("m", "me", "met", "metr", "metric-1", "metric-12", "metric-123", "/9$", "val", "", "loss", "")

DRAWN = """(count) => [...document.querySelectorAll("figure[data-name] .plot")]
    .filter((plot) => (plot.getAttribute("aria-label").match(/ points, /g) ?? []).length >= count).length > 0"""

# Each step is a handler, and the styles and layout that it makes necessary.
HOVER = """async (positions) => {
    const plot = document.querySelector("figure[data-name] .plot");
    const { left, top, width, height } = plot.getBoundingClientRect();
    const taken = [];
    for (let i = 0; i < positions; i += 1) {
        const place = { clientX: left + 60 + (i / positions) * (width - 80), clientY: top + 20 + ((i * 37) % (height - 60)) };
        const began = performance.now();
        plot.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, ...place }));
        document.body.getBoundingClientRect();
        taken.push(performance.now() - began);
        await new Promise(requestAnimationFrame);
    }
    return taken;
}"""

# From the change of a field to the frame in which it is drawn.
CHANGE = """async ([name, value]) => {
    const field = document.querySelector("#chart-tools").elements[name];
    field.value = value;
    const began = performance.now();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
}"""

# Milliseconds from the click to the first chart with its curve.
FIRST = """new Promise((done) => {
    const look = () => {
        const isDrawn = [...document.querySelectorAll("figure[data-name] canvas")].some(({ width }) => width > 0)
            && document.querySelector('figure[data-name] .plot[aria-label*=" points, "]');
        if (isDrawn) done(performance.now());
        else requestAnimationFrame(look);
    };
    look();
})"""

SCROLL = """async () => {
    const panel = document.getElementById("panel");
    panel.scrollTop = 700;
    await new Promise((done) => setTimeout(done, 300));
    return panel.scrollTop;
}"""
# Milliseconds from the click on Back until the charts stand where they were.
RESTORED = """(expected) => new Promise((done) => {
    const look = () => {
        const panel = document.getElementById("panel");
        if (panel && Math.abs(panel.scrollTop - expected) < 2 && document.querySelector("figure[data-name]")) done(performance.now());
        else requestAnimationFrame(look);
    };
    look();
})"""


def hover(page: Any, what: str) -> bool:
    """Print how long the page takes to follow a move of the pointer over its first chart, and what a frame of it costs."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _cpu(devtools)
    duration = percentile(page.evaluate(HOVER, POSITIONS), 0.95)
    cost = (_cpu(devtools) - before) / POSITIONS
    devtools.detach()
    line(f"hover over {what}, 95th percentile", duration, "ms")
    return line("  CPU of the page for a frame, painting included", cost, "ms", HOVER_LIMIT)


def _cpu(devtools: Any) -> float:
    """Return the CPU milliseconds of the main thread."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return 1000 * next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def smoothing(page: Any, what: str) -> bool:
    steps = [page.evaluate(CHANGE, ["smooth", str(0.1 + i / 20)]) for i in range(8)]
    page.evaluate(CHANGE, ["smooth", "0"])
    return line(f"a step of smoothing, {what}", percentile(steps, 0.5), "ms", SMOOTHING_LIMIT)


def filtering(page: Any, what: str) -> bool:
    keys = [page.evaluate(CHANGE, ["charts", text]) for text in KEYS]
    within_limits = line(f"a key of the chart filter, {what}: median", percentile(keys, 0.5), "ms", KEY_LIMIT)
    line("  95th percentile", percentile(keys, 0.95), "ms")
    return within_limits


def first_values(context: Any, address: str, what: str) -> bool:
    """Print how long after the click the first curve is drawn, in a browser that has been there."""
    durations = []
    for _ in range(ROUNDS):
        page = context.new_page()
        page.goto(address, wait_until="commit")
        durations.append(float(page.evaluate(FIRST)))
        page.close()
    return line(f"first values of {what}, warm", percentile(durations, 0.5), "ms", FIRST_LIMIT)


def way_back(page: Any, what: str) -> bool:
    """Print how long after Back the charts stand where they were left; the page must be the charts layout."""
    scrolled = float(page.evaluate(SCROLL))
    page.locator("tr[data-run] a.name").first.click()
    page.wait_for_url("**/runs/**")
    page.locator("figure[data-name] .plot").first.wait_for()
    page.go_back(wait_until="commit")
    duration = float(page.evaluate(RESTORED, scrolled))
    return line(f"back to {what}, scrolled as before", duration, "ms")
