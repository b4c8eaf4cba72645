"""What the tests of the pages share: pages in this process, one real viewer, modules without any server."""

from __future__ import annotations

import base64
import json
import mimetypes
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from runicorn.media.histograms import histogram
from runicorn.media.tables import encode, table
from runicorn_site.assets import views as static_files
from tests.folders import write_run
from tests.pages.markup import Markup
from tests.processes import Viewer
from tests.screens import Screen, screen_of
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Modules</title>
<meta name="icons" content="/static/img/icons.svg"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/css/variables.css"><link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/controls.css">
<link rel="stylesheet" href="/static/css/chart.css"><body></body></html>"""


@pytest.fixture(scope="module")
def modules(chromium: Any) -> Iterator[Any]:
    """An empty page on which `import("/static/js/…")` works; its files come straight from the checkout."""
    from tests.browser import careful_page

    def answer(route: Any) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            route.fulfill(content_type="text/html", body=PAGE)
        elif path.startswith("/static/js/+"):
            modules = static_files.modules_of([path.removeprefix("/static/js/+").removesuffix(".js")])
            files = tuple(ROOT / "static" / name for name in modules)
            route.fulfill(content_type="text/javascript", body=static_files.joined(files, modules))
        elif path.startswith("/static/"):
            file = ROOT / path.removeprefix("/")
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            route.fulfill(content_type=kind, body=file.read_bytes())
        else:
            route.fallback()

    with careful_page(chromium) as page:
        page.context.route("**/*", answer)
        page.goto("http://localhost/")
        yield page


@pytest.fixture
def js(modules: Any) -> Callable[..., Any]:
    """`js("chart/scales/ticks.js", "m => m.linearTicks(0, 1, 5)")`: what the function makes of a module."""

    def run(module: str, function: str, argument: Any = None) -> Any:
        code = f"async (argument) => ({function})(await import('/static/js/{module}'), argument)"
        return modules.evaluate(code, argument)

    return run


@pytest.fixture
def look(store: Path, django_capture_on_commit_callbacks: Any) -> Callable[[], None]:
    """Find and read the runs of the store and their metrics, as the viewer does in the background."""
    from metrics.ingest import catch_up
    from runs.active_root import active_root
    from runs.index import discovery
    from runs.models import Run

    def go() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            discovery.full(active_root())
            for run in Run.objects.in_root(active_root()):
                catch_up.catch_up(run, wait=60)

    return go


@pytest.fixture
def page(look: Callable[[], None], client: Client) -> Callable[..., Markup]:
    """`page("/?status=failed")`: the page as a browser without scripts has it, after a look at the store."""

    def ask(address: str, status: int = 200, **headers: str) -> Markup:
        look()
        answer = client.get(address, headers=headers)
        assert answer.status_code == status, answer.content.decode()[:2000]
        return Markup(answer.content.decode())

    return ask


@pytest.fixture(scope="session")
def busy_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """One real viewer for all tests of the folder, over a store with a little of everything; nothing deletes in it."""
    root, home = tmp_path_factory.mktemp("busy") / "store", tmp_path_factory.mktemp("home")
    root.mkdir()
    fill(root)
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
    until(lambda: viewer.get("/api/runs?limit=1").headers["X-Total-Count"] == "19")
    yield viewer
    viewer.stop()


CHARTED = "20260101_120000_aaaaaa"


def fill(root: Path) -> None:
    """Runs of every status, names that are hard to show, curves, a log, a picture."""
    curves = [
        {"train/loss": 2 / (i + 1), "val/acc": i / 300, "lr": 0.1, "stage": "warm" if i < 50 else "main"}
        for i in range(300)
    ]
    curves[40]["train/loss"] = float("nan")
    write_run(
        root,
        "vision",
        "resnet",
        run_id=CHARTED,
        metrics=curves,
        created_at=1_767_268_800,
        config={"optim": {"lr": 0.1, "name": "adam"}, "batch": 32},
        summary={"best_metric_name": "val/acc", "best_metric_value": 0.9966, "best_metric_mode": "max"},
        logs="".join(f"12:00:{i:02d} | \x1b[32mepoch\x1b[0m {i}\n" for i in range(60)),
        tags=["baseline"],
        notes="The first try.",
    )
    fill_media(root / "vision" / "resnet" / "runs" / CHARTED)
    for number, status in enumerate(["finished", "failed", "interrupted", "odd <word>"] * 4):
        write_run(
            root,
            "nlp",
            f"bert-{number}",
            status=status,
            metrics=[{"loss": 1.0}],
            created_at=1_767_000_000 + number,
        )
    write_run(root, "p" * 100, "n" * 100, tags=["t" * 200], created_at=1_766_000_000)
    write_run(root, "\u0645\u0634\u0631\u0648\u0639", "<b>\"'&amp;", created_at=1_766_000_001)


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def fill_media(folder: Path) -> None:
    """Images, tables and histograms of three steps."""
    for step in (0, 10, 20):
        log_medium(folder, f"s{step}.png", PIXEL, "samples", step, f"after <b>{step}</b> steps")
        rows = [[n, f"row {n} of step {step}"] for n in range(60)]
        log_medium(folder, f"t{step}.table.json", encode(table(rows, ["n", "text"])), "rows", step)
        numbers = encode(histogram([step + n / 10 for n in range(100)]))
        log_medium(folder, f"h{step}.histogram.json", numbers, "weights", step)


def log_medium(
    folder: Path, name: str, content: bytes, key: str, step: int, caption: str | None = None
) -> None:
    """Write a file below `media/` and its event to the journal."""
    (folder / "media" / name).write_bytes(content)
    about = {"key": key, "path": f"media/{name}", "step": step, "caption": caption}
    with (folder / "events.jsonl").open("a", encoding="utf-8") as journal:
        journal.write(json.dumps({"ts": 1_767_268_900 + step, "type": "image", "data": about}) + "\n")


@pytest.fixture
def open_page(
    chromium: Any, busy_site: Viewer, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Any]]:
    """`open_page("/", size="phone", theme="dark")`: a careful page of the real browser at an address of the site, on the
    screen of the journey unless another one is named."""
    from contextlib import ExitStack

    from tests.browser import careful_page

    with ExitStack() as stack:

        def go(path: str, size: str = "", theme: str = "", **options: Any) -> Any:
            usual = screen_of(request)
            screen = Screen(size, theme or "light") if size else replace(usual, theme=theme or usual.theme)
            opened = stack.enter_context(careful_page(chromium, **screen.options, **options))
            opened.goto(busy_site.url + path)
            return opened

        yield go
