"""Groups, verdicts and formulas, over HTTP from a real viewer.

A grouped table over 100,000 runs (rows alone; answer and page) and the verdict on a pair of groups, compared with `/api/health`; a formula
over a long series, compared with the series itself: one that is monotone, and one that needs all points.

Usage: python -m benchmarks.analysis [runs] [points]
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable

import requests

from benchmarks.chart import STRAIGHT, ask, median, series, wait_until_ingested
from benchmarks.support import rows
from benchmarks.support.journals import write_run
from benchmarks.support.rounds import alternating, line, use_store, viewer, workplace

GROUPED_LIMIT, VERDICT_MS, FORMULA_LIMIT = 20.0, 20.0, 3.0
REQUESTS = 20


def groups_and_verdicts(count: int) -> bool:
    """Print the milliseconds over many runs; return whether the limits are met."""
    with workplace() as (root, home):
        use_store(root, home)
        from runs.models import Run

        rows.fill(root, count)
        Run.objects.update(replica_key="")
        replicas = list(
            Run.objects.filter(project="project-3").order_by("-id").values_list("pk", "run_id")[:100]
        )
        for start in range(0, len(replicas), 5):
            pks = [pk for pk, _ in replicas[start : start + 5]]
            Run.objects.filter(pk__in=pks).update(replica_key=f"setting {start}")
        ids = [run_id for _, run_id in replicas]
        numbers = itertools.count()
        with viewer(root, home) as server, requests.Session() as session:
            base = f"{server.url}/api/v2"
            pair = f"metric=val/loss&a={','.join(ids[:5])}&b={','.join(ids[5:10])}"
            addresses: dict[str, Callable[[], str]] = {
                "health": lambda: f"{server.url}/api/health",
                # A parameter of its own, so that no answer is remembered.
                "by a config key": lambda: (
                    f"{base}/groups?by=config.optimizer&metrics=val/loss&_={next(numbers)}"
                ),
                "page of groups": lambda: (
                    f"{server.url}/?group=name&col=metric.val/loss.last&sort=-best&_={next(numbers)}"
                ),
                "by replicas": lambda: (
                    f"{base}/groups?by=replicas&project=project-3&metrics=val/loss&_={next(numbers)}"
                ),
                "verdict": lambda: f"{base}/verdict?{pair}&_={next(numbers)}",
            }
            for address in addresses.values():
                session.get(address(), timeout=120).raise_for_status()
            took = alternating({name: lambda at=at: several(session, at) for name, at in addresses.items()})
    for name, milliseconds in took.items():
        line(f"{count:,} runs, {name}", milliseconds, "ms")
    grouped = line("grouped against health", took["by a config key"] / took["health"], "x", GROUPED_LIMIT)
    line("page of 50 groups against health", took["page of groups"] / took["health"], "x")
    return line("verdict on two groups of five", took["verdict"], "ms", VERDICT_MS) and grouped


def formula_against_series(points: int) -> bool:
    """Print the milliseconds of curves; return whether the limit is met."""
    with workplace() as (root, home):
        write_run(root, STRAIGHT, [range(points)], ["loss"])
        with viewer(root, home) as server, requests.Session() as session:
            wait_until_ingested(server.url, STRAIGHT)
            run = requests.get(f"{server.url}/api/v2/experiments/{STRAIGHT}", timeout=60).json()
            project = run["experiment"]["project"]
            define = f"{server.url}/api/v2/projects/{project}/formulas"
            chosen = {"monotone": "loss / first(loss)", "all points": "ema(loss, 0.99)"}
            for name, formula in chosen.items():
                session.post(define, json={"name": name, "formula": formula}, timeout=60).raise_for_status()
            plain = series(server.url, STRAIGHT)
            cases = {"plain": plain} | {name: plain.replace("names=loss", f"names={name}") for name in chosen}
            for address in cases.values():
                ask(session, address)
            took = alternating({name: lambda at=at: median(session, at) for name, at in cases.items()})
    for name, milliseconds in took.items():
        line(f"{points:,} points to 2,000, {name}", milliseconds, "ms")
    monotone = line(
        "monotone formula against the series", took["monotone"] / took["plain"], "x", FORMULA_LIMIT
    )
    others = line(
        "formula of all points against the series", took["all points"] / took["plain"], "x", FORMULA_LIMIT
    )
    return monotone and others


def several(session: requests.Session, address: Callable[[], str]) -> float:
    """Return the median of some responses in milliseconds."""
    return sorted(ask(session, address()) for _ in range(REQUESTS))[REQUESTS // 2]


def main(runs: int, points: int) -> bool:
    """Return whether all limits are met."""
    groups = groups_and_verdicts(runs)
    return formula_against_series(points) and groups


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    sys.exit(not main(*(arguments + [100_000, 10_000_000][len(arguments) :])))
