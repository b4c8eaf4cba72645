"""Measure the charts layout of the runs page: 50 visible runs of 52 metrics among many runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.support import felt
from benchmarks.support.journals import write_run
from benchmarks.support.rounds import line, percentile

RUNS, METRICS, STEPS = 50, 52, 1000
IDS = [f"20260102_0000{number:02d}_{number:06x}" for number in range(RUNS)]
PATH = f"/?layout=charts&runs={','.join(IDS)}"
ZOOM_LIMIT, MEMORY_LIMIT = 100.0, 250.0

ZOOM = """async (share) => {
    const plot = document.querySelector("figure[data-name] .plot");
    const { left, top, width } = plot.getBoundingClientRect();
    const at = (x) => ({ bubbles: true, button: 0, pointerId: 1, clientX: left + 60 + x * (width - 80), clientY: top + 60 });
    plot.setPointerCapture = () => {};
    plot.dispatchEvent(new PointerEvent("pointerdown", at(share)));
    plot.dispatchEvent(new PointerEvent("pointermove", at(share + 0.3)));
    const began = performance.now();
    plot.dispatchEvent(new PointerEvent("pointerup", at(share + 0.3)));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const taken = performance.now() - began;
    plot.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    await new Promise(requestAnimationFrame);
    return taken;
}"""


def fill(root: Path) -> None:
    """Write the runs that are compared."""
    groups = ("train", "val", "optim", "perf")
    names = [f"{groups[i % len(groups)]}/metric-{i:02d}" for i in range(METRICS)]
    for run_id in IDS:
        write_run(root, run_id, [range(STEPS)], names)


def interact(browser: Any, url: str, window: dict[str, int]) -> bool:
    """Print the response time of the page to the pointer, and its memory; return whether they are within limits."""
    context = browser.new_context(viewport=window)
    page = context.new_page()
    page.goto(url + PATH, wait_until="networkidle")
    page.wait_for_function(felt.DRAWN, arg=RUNS, timeout=120_000)
    within_limits = [felt.hover(page, f"{RUNS} curves × {METRICS} charts")]
    within_limits.append(felt.smoothing(page, f"{RUNS} curves × {METRICS} charts"))
    zoomed = [_zoom(page, 0.1 + i / 20) for i in range(8)]
    within_limits.append(
        line("zoom, drawn from the points at hand", percentile(zoomed, 0.5), "ms", ZOOM_LIMIT)
    )
    heap = _memory(context, page)
    line("heap and canvases after all charts were seen", heap, "MB")
    within_limits.append(line("memory of the tab", _footprint(browser), "MB", MEMORY_LIMIT))
    within_limits.append(felt.way_back(page, f"{RUNS} runs"))
    context.close()
    return all(within_limits)


def _zoom(page: Any, share: float) -> float:
    """Return the milliseconds of one zoom; the finer points that it asks for have come before the next one."""
    with page.expect_response(lambda response: "/series?" in response.url):
        milliseconds = float(page.evaluate(ZOOM, share))
    page.wait_for_timeout(500)
    return milliseconds


def _footprint(browser: Any) -> float:
    """Return the megabytes that the largest process of a tab has for itself, as the browser's task manager shows them."""
    devtools = browser.new_browser_cdp_session()
    processes = devtools.send("SystemInfo.getProcessInfo")["processInfo"]
    devtools.detach()
    return max(_private(process["id"]) for process in processes if process["type"] == "renderer")


def _private(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1000


def _memory(context: Any, page: Any) -> float:
    """Return the megabytes of the heap and of all canvases, after scrolling through the charts."""
    page.evaluate(
        """async (count) => {
            for (const chart of document.querySelectorAll("figure[data-name]")) {
                chart.scrollIntoView();
                do await new Promise(requestAnimationFrame);
                while ((chart.querySelector(".plot")?.getAttribute("aria-label") ?? "").split(" points, ").length <= count);
            }
        }""",
        RUNS,
    )
    devtools = context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    heap = devtools.send("Runtime.getHeapUsage")["usedSize"]
    canvases = page.evaluate(
        "[...document.querySelectorAll('canvas')].reduce((sum, { width, height }) => sum + width * height * 4, 0)"
    )
    return float(heap + canvases) / 1e6
