"""A remote viewer: time from the click to the first curve, and latency that the tunnel adds to a page.

The remote host is this one, behind a real SSH server on the loopback address. The click starts the viewer and the
connection, with the database of an earlier start, as on every day but the first; the curve counts once the browser has
painted it. The first day is printed as well.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import requests

from benchmarks.support.browser import launch
from benchmarks.support.folders import write_run
from benchmarks.support.processes import Viewer
from benchmarks.support.processes import browser as find_browser
from benchmarks.support.rounds import alternating, line, viewer, workplace
from benchmarks.support.ssh import SSHD, Sshd, create_environment

CURVE_LIMIT = 5.0
PAGE_LIMIT = 2.0
STEPS = 2000
PAGES = 40
"""Requests per round, over one connection each."""

PAINTED = """() => {
    const canvas = document.querySelector('figure[data-name="loss"] canvas');
    if (!canvas || !canvas.width) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let inked = 0;
    for (let at = 3; at < data.length; at += 4) inked += data[at] > 0;
    return inked > 500;
}"""


def start(near: Viewer, server: Sshd, root: Path) -> dict[str, Any]:
    """Start a remote viewer; return its session."""
    answer = near.post("/api/remote/viewer/start", json={**server.login(), "remote_root": str(root)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["session"])


def stop(near: Viewer, session: dict[str, Any]) -> None:
    """Stop the viewer, and close its connection."""
    near.post("/api/remote/viewer/stop", json={"session_id": session["session_id"]})
    place = {"host": session["host"], "port": session["ssh_port"], "username": session["username"]}
    near.post("/api/remote/disconnect", json=place)


def click_to_curve(near: Viewer, server: Sshd, root: Path, run: str, browser: Any) -> float:
    """Return the seconds from the click to a painted curve."""
    context = browser.new_context()
    page = context.new_page()
    began = time.perf_counter()
    session = start(near, server, root)
    page.goto(session["url"])
    page.goto(f"http://localhost:{session['local_port']}/runs/{run}")
    page.wait_for_function(PAINTED, timeout=30_000)
    measured = time.perf_counter() - began
    context.close()
    stop(near, session)
    return measured


def pages_through_the_tunnel(near: Viewer, server: Sshd, root: Path, run: str) -> dict[str, dict[str, float]]:
    """Return the milliseconds of a page by path, directly and through the tunnel, alternating."""
    session = start(near, server, root)
    tunnel, direct = (f"http://localhost:{session[name]}" for name in ("local_port", "remote_port"))
    status = near.get(f"/api/remote/viewer/status/{session['session_id']}").json()
    once = status["url"].partition("?")[2]
    measured = {}
    with requests.Session() as near_browser, requests.Session() as far_browser:
        near_browser.get(session["url"], timeout=10)
        far_browser.get(f"{direct}/?{once}", timeout=10)
        ways = {"directly": (far_browser, direct), "through the tunnel": (near_browser, tunnel)}

        def round_of(way: str, path: str) -> float:
            client, base = ways[way]
            began = time.perf_counter()
            for _ in range(PAGES):
                assert client.get(base + path, timeout=10).status_code == 200
            return (time.perf_counter() - began) / PAGES * 1000

        for path in (f"/runs/{run}", f"/runs/{run}/series?points={STEPS}", "/favicon.ico"):
            cases = {way: (lambda way=way, path=path: round_of(way, path)) for way in ways}
            measured[path] = alternating(cases)
    stop(near, session)
    return measured


def main() -> int:
    program = find_browser()
    if program is None or not Path(SSHD).exists():
        print("No Chromium or no SSH server here: remote viewers are not measured.")
        return 0
    with workplace() as (root, home):
        run = write_run(root, "bench", "remote", metrics=[{"loss": 1 / step} for step in range(1, STEPS + 1)])
        (root.parent / "near").mkdir()
        server = Sshd(root.parent / "sshd")
        create_environment(server.home)
        with viewer(root.parent / "near", home) as near, launch(program) as browser:
            server.start()
            (home / "config").mkdir(parents=True, exist_ok=True)
            (home / "config" / "known_hosts").write_text(server.known_hosts_line)
            try:
                first = click_to_curve(near, server, root, run, browser)
                later = alternating({"": lambda: click_to_curve(near, server, root, run, browser)})[""]
                measured = pages_through_the_tunnel(near, server, root, run)
            finally:
                server.stop()
    line("click to first curve, first start on that machine", first, "s")
    within_limits = line("click to first curve", later, "s", CURVE_LIMIT)
    for path, ways in measured.items():
        name = path.replace(run, "…")
        for way, milliseconds in ways.items():
            line(f"{name} {way}", milliseconds, "ms")
        added = ways["through the tunnel"] - ways["directly"]
        line("  added by the tunnel", added, "ms")
        limit = (
            PAGE_LIMIT if path.endswith(run) else None
        )  # a few bytes measure only the latency of the tunnel
        within_limits &= line(
            "  against directly", ways["through the tunnel"] / ways["directly"], "times", limit
        )
    return 0 if within_limits else 1


if __name__ == "__main__":
    sys.exit(main())
