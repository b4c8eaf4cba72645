"""Comparison of all runs of a query, over HTTP from a real viewer, and how its charts follow the pointer in Chromium.

The first part has rows of runs without folders, each with the points of one metric: the time until every point was read, and
that of other questions about the same curves. The second part has a chart of a hundred curves and the plots of their config:
the time of a move of the pointer with the styles and the layout that it makes necessary, and of drawing a zoomed chart.

Usage: python -m benchmarks.compare [runs] [points]
"""

from __future__ import annotations

import itertools
import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests

from benchmarks.chart import ask
from benchmarks.support import felt, rows
from benchmarks.support.browser import launch
from benchmarks.support.journals import write_run
from benchmarks.support.processes import browser as find_browser
from benchmarks.support.rounds import line, use_store, viewer, workplace
from benchmarks.support.waiting import until

SECONDS, MEGABYTES, FRAME_MS = 1.5, 2.0, 16.0
CURVES, STEPS, MOVES = 100, 1000, 40
ROUNDS = 5


# A drag over an element: the time of each move, and that of the frame after its end.
DRAG = """async ([selector, moves]) => {
    const target = document.querySelector(selector);
    target.setPointerCapture = () => {};
    const { left, top, width, height } = target.getBoundingClientRect();
    const at = (share) => ({ bubbles: true, button: 0, pointerId: 1, clientX: left + width * (0.3 + 0.4 * share), clientY: top + height * (0.3 + 0.4 * share) });
    target.dispatchEvent(new PointerEvent("pointerdown", at(0)));
    const taken = [];
    for (let i = 1; i <= moves; i += 1) {
        const began = performance.now();
        target.dispatchEvent(new PointerEvent("pointermove", at(i / moves)));
        document.body.getBoundingClientRect();
        taken.push(performance.now() - began);
        await new Promise(requestAnimationFrame);
    }
    const began = performance.now();
    target.dispatchEvent(new PointerEvent("pointerup", at(1)));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return [taken, performance.now() - began];
}"""


def main(runs: int, points: int) -> bool:
    """Print seconds, size and milliseconds; return whether the limits are met."""
    answers = all_runs(runs, points)
    return frames() and answers


def frames() -> bool:
    """Print how soon the charts of a hundred curves follow the pointer; return whether the limits are met."""
    program = find_browser()
    if program is None:
        print("No Chromium here: the charts are not measured.")
        return True
    with workplace() as (root, home):
        for i in range(CURVES):
            folder = write_run(
                root,
                f"20260102_0000{i % 60:02d}_{i:06x}",
                [range(7 * i, 7 * i + STEPS)],
                ["loss", "acc", "lr"],
            ).parent
            (folder / "config.json").write_text(json.dumps({"lr": 0.1 / (i + 1), "depth": i % 7}))
        with viewer(root, home) as server, launch(program) as browser:
            points = f"{server.url}/api/v2/series?where=created_at%20exists&names=loss&points=4"

            def are_ingested() -> bool:
                return len(requests.get(points, timeout=60).json()["series"]) == CURVES

            until(are_ingested, timeout=300, pause=0.5)
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            page.goto(f"{server.url}/compare?where=created_at%20exists", wait_until="networkidle")
            page.wait_for_function(felt.DRAWN, arg=CURVES, timeout=120_000)
            felt.hover(page, f"{CURVES} curves")
            hover = lambda: len(page.evaluate(felt.HOVER, felt.POSITIONS))  # noqa: E731
            drag = lambda where: len(page.evaluate(DRAG, [where, MOVES])[0])  # noqa: E731
            within = [_cpu_of(page, f"hover over {CURVES} curves", hover)]
            within.append(
                _cpu_of(
                    page, "a drag over them, and the zoomed chart", lambda: drag("figure[data-name] .plot")
                )
            )
            page.goto(f"{server.url}/?layout=charts&tab=hyperparameters", wait_until="networkidle")
            page.wait_for_function(
                "(n) => document.querySelectorAll('#scatter circle').length === n", arg=CURVES
            )
            within.append(_cpu_of(page, "a brush over the scatter plot", lambda: drag("#scatter svg")))
    return all(within)


def _cpu_of(page: Any, what: str, act: Callable[[], int]) -> bool:
    """Print the CPU time of the page's main thread for each of the moves that `act` makes."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    act()
    before = seconds()
    moves = act()
    cpu_ms = (seconds() - before) / moves * 1000
    session.detach()
    return line(f"{what}, CPU of a frame", cpu_ms, "ms", FRAME_MS)


def all_runs(runs: int, points: int) -> bool:
    """Print seconds and size; return whether the limits are met."""
    with workplace() as (root, home):
        fill(root, home, runs, points)
        numbers = itertools.count()
        with viewer(root, home) as server, requests.Session() as session:
            base = f"{server.url}/api/v2/series/distribution?where=created_at%20exists&names=val/loss&density=100&x=step"
            session.get(f"{server.url}/api/health", timeout=60).raise_for_status()

            def request(query: str = "") -> str:
                # A parameter of its own, so that no answer is remembered.
                return f"{base}{query}&_={next(numbers)}"

            process = psutil.Process(server.process.pid)

            def several(query: str = "") -> tuple[float, float]:
                """Return the median of the seconds of some responses, and the mean of the server's CPU seconds."""
                before = _cpu(process)
                durations = sorted(ask(session, request(query)) / 1000 for _ in range(ROUNDS))
                return durations[ROUNDS // 2], (_cpu(process) - before) / ROUNDS

            began, unread = _cpu(process), runs
            while unread:
                answer = session.get(request(), timeout=120)
                content = answer.json()
                unread = content["unread"]
            cold = _cpu(process) - began
            assert content["matching"] == runs
            assert max(content["metrics"][0]["groups"][0]["statistics"]["count"]) == runs
            warm, grouped = several(), several("&group_by=config.optimizer&members=50")
    line(f"{runs:,} runs of {points} points, first answers, CPU", cold, "s")
    within = [line("one answer", len(answer.content) / 1e6, "MB", MEGABYTES)]
    for what, (seconds, cpu) in {"the same runs again": warm, "in groups": grouped}.items():
        line(f"{what}, CPU", cpu, "s")
        within.append(line(what, seconds, "s", SECONDS))
    return all(within)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def fill(root: Path, home: Path, runs: int, points: int) -> None:
    """Create the rows of the runs and of their points."""
    use_store(root, home)
    import numpy as np

    from metrics.models import Journal, Series, Tail
    from metrics.store import codec
    from metrics.store.columns import FLOAT, Values
    from metrics.store.lanes import Lane
    from metrics.store.points import Points
    from runs.models import Run

    rows.fill(root, runs)
    random = np.random.default_rng(7)
    steps = np.arange(points)
    keys = list(Run.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), 1000):
        some = keys[start : start + 1000]
        Journal.objects.bulk_create(Journal(run_id=key, rows=points, offset=1, size=1) for key in some)
        series_rows, tails = [], []
        for key in some:
            curve = np.exp(-steps / random.uniform(50, 400)) * random.uniform(1, 3) + random.normal(
                0, 0.02, points
            )
            series_rows.append(
                Series(
                    run_id=key,
                    generation=1,
                    lane=Lane.METRIC,
                    name="val/loss",
                    uid=secrets.randbits(62),
                    kinds=FLOAT,
                    count=points,
                    minimum=curve.min(),
                    maximum=curve.max(),
                    last=curve[-1],
                    first_step=0,
                    top_step=points - 1,
                    first_time=1.7e9,
                    last_time=1.7e9 + points,
                    pending=points,
                    tail_count=1,
                )
            )
            values = Values(FLOAT, curve.view(np.int64))
            packed = Points(steps, steps, 1.7e9 + steps * 0.25, values, Values.nothing(points))
            tails.append(codec.encode(packed))
        Series.objects.bulk_create(series_rows)
        ids = Series.objects.filter(run__in=some).order_by("run_id").values_list("pk", flat=True)
        Tail.objects.bulk_create(
            Tail(series_id=pk, first_row=0, count=points, data=data)
            for pk, data in zip(ids, tails, strict=True)
        )


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    sys.exit(not main(*(arguments + [10_000, 500][len(arguments) :])))
