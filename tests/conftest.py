"""The cast that every test may call on: a store, runs in it, a real viewer, a real browser."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from django.test import Client
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from rest_framework.test import APIClient

from runicorn.store import heartbeat
from tests import programs, tiers
from tests.folders import write_run
from tests.processes import Viewer
from tests.screens import screen_of, screens
from tests.secrecy import look_at

REQUIRE_ALL = os.environ.get("RUNICORN_TEST_REQUIRE_ALL") == "1"
# No test is timed. How many examples is said here alone, but for tests that need a second or more for each. They are the same
# each time: a test that passed fails by a change of the code alone. `make torture` looks for new ones.
settings.register_profile("suite", deadline=None, max_examples=30, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=5, derandomize=True)
settings.register_profile("torture", deadline=None, max_examples=1000)
settings.load_profile("suite")
FIXTURE_STORE = Path(__file__).parent / "fixtures" / "runicorn-store-0.5.3.tar.gz"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`@pytest.mark.needs("program")`: skipped without the program, an error where everything is required."""
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if programs.find(program) is None:
                if REQUIRE_ALL:
                    pytest.fail(f"{program} is not installed, and RUNICORN_TEST_REQUIRE_ALL=1", pytrace=False)
                pytest.skip(f"{program} is not installed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`@pytest.mark.journey`: what the test does in the browser, it does on the screens of `tests.screens`."""
    mark = metafunc.definition.get_closest_marker("journey")
    if mark is None or "resting_chromium" not in metafunc.fixturenames:
        return
    if "screen" not in metafunc.fixturenames:
        metafunc.fixturenames.append("screen")
    metafunc.parametrize("screen", list(screens(metafunc.function.__name__, mark.args, **mark.kwargs)))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own configuration and data directories, empty, for this test and the processes it starts."""
    for name in ("config", "data"):
        monkeypatch.setenv(f"RUNICORN_{name.upper()}_DIR", str(tmp_path / "home" / name))
    monkeypatch.setenv("RUNICORN_COMPANION", "off")
    monkeypatch.setenv("RUNICORN_SOURCES", "off")
    # A server that was started in this process before would still wait for heartbeats.
    monkeypatch.setattr(heartbeat, "_listening_since", 0.0)
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty storage root on disk that no database knows of."""
    root = tmp_path / "store"
    root.mkdir()
    return root


@pytest.fixture
def store(folder: Path, home: Path, db: None) -> Path:
    """An empty storage root, active in this process."""
    from runs.active_root import activate

    activate(folder)
    return folder


@pytest.fixture
def fixture_store(tmp_path: Path, home: Path, db: None) -> Path:
    """A fresh copy of a store written by Runicorn 0.5.3, active in this process."""
    from runs.active_root import activate

    with tarfile.open(FIXTURE_STORE) as archive:
        archive.extractall(tmp_path, filter="data")
    root = tmp_path / FIXTURE_STORE.name.removesuffix(".tar.gz")
    activate(root)
    return root


@pytest.fixture
def make_run() -> Callable[..., str]:
    """`make_run(root, project="p", name="n", metrics=[{…}], …)` writes a run folder by hand; see `write_run`."""
    return write_run


class WatchedClient(Client):
    """A browser without scripts that talks to this process; its answers are looked through for secrets."""

    def request(self, **request: Any) -> Any:
        """One request."""
        return look_at(super().request(**request))


class WatchedAPIClient(APIClient):
    """A program that talks to the API in this process; its answers are looked through for secrets."""

    def request(self, **request: Any) -> Any:
        """One request."""
        return look_at(super().request(**request))


@pytest.fixture
def client() -> Client:
    """A browser that talks to this process."""
    return WatchedClient()


@pytest.fixture
def api() -> APIClient:
    """A program that talks to the API in this process, and that has not asked for anything in this minute."""
    from django.core.cache import caches  # needs settings

    caches["ratelimit"].clear()
    return WatchedAPIClient()


@pytest.fixture
def start_viewer(folder: Path, home: Path) -> Iterator[Callable[..., Viewer]]:
    """Starts real `runicorn viewer` processes and ends them with the test."""
    viewers: list[Viewer] = []

    def start(root: Path = folder, *options: str, **environment: str) -> Viewer:
        viewer = Viewer(root, home, *options, **environment)
        viewers.append(viewer)
        return viewer.wait_until_it_answers()

    yield start
    for viewer in viewers:
        viewer.stop()


@pytest.fixture
def viewer(start_viewer: Callable[..., Viewer]) -> Viewer:
    """One real viewer process over `folder`, without rate limits."""
    return start_viewer(RUNICORN_RATE_LIMIT="off")


@pytest.fixture(scope="session")
def shared_viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """One viewer over an empty store for all tests of this process that change nothing; without rate limits."""
    home = tmp_path_factory.mktemp("shared")
    (home / "store").mkdir()
    viewer = Viewer(home / "store", home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


@pytest.fixture(scope="session")
def resting_chromium() -> Iterator[Any]:
    """One real browser for all tests of this process, and the event loop that drives it."""
    program = programs.browser()
    if program is None:
        if REQUIRE_ALL:
            pytest.fail("chromium is not installed, and RUNICORN_TEST_REQUIRE_ALL=1", pytrace=False)
        pytest.skip("chromium is not installed")
    from tests.browser import launch

    with launch(program) as browser:
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)


@pytest.fixture(scope="module")
def chromium(resting_chromium: Any) -> Iterator[Any]:
    """The browser for the tests of a file. Not for longer: while it can be used its event loop counts as running, and
    tests of coroutines in other files would find the thread taken."""
    browser, loop = resting_chromium
    asyncio._set_running_loop(loop)
    yield browser
    asyncio._set_running_loop(None)


@pytest.fixture
def browser(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh page of the real browser, on the screen of the journey; the test fails when the page logged an error or
    asked another host. Tests name it after their viewer, which otherwise stops while the page still sends requests."""
    from tests.browser import careful_page

    with careful_page(chromium, **screen_of(request).options) as page:
        yield page


# Files that wait for other processes or for the browser: begun first, none of them is left alone at the end.
LONG = (
    *("cluster", "security", "people", "companion", "remote_pages", "journeys", "sync", "pages", "remote"),
    *("site", "alerts", "shares", "proxies", "packaging", "demo", "documents", "live"),
)

# What is loaded now stays: looking for garbage among thousands of tests again and again costs more than many of them.
gc.disable()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which tests of `tests/tiers.py` are run."""
    parser.addoption(
        "--tier", choices=("quick", "rest", "all"), default="all", help="those of `make test`, or the others"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Give processes of tests the usual signals, without two of which a shell starts what it runs in its background.

    In the quick tests try fewer examples, and let nothing of this process wait for the disk: no test of them cuts the
    power. But not where they are a part of all.
    """
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, usual)
    if config.getoption("--tier") == "quick" and not REQUIRE_ALL:
        settings.load_profile("quick")
        # Hypothesis tries constants of all loaded modules: parsing them takes ten seconds of each process in a new clone,
        # and with five examples a changed module elsewhere would only change which ones these are.
        providers._get_local_constants = lambda: providers._local_constants
        os.fsync = os.fdatasync = lambda fd: None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no costly library for tests that are left out."""
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return (
        config.getoption("--tier") == "quick" and is_test and tiers.imports_costly(collection_path)
    ) or None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: Any) -> list[pytest.Item] | None:
    """Make no items of functions that are left out."""
    is_left_out = (
        collector.config.getoption("--tier") == "quick"
        and isinstance(collector, pytest.Module)
        and isinstance(obj, FunctionType)
        and name.startswith("test_")
        and not tiers.is_quick(collector, name, obj)
    )
    return [] if is_left_out else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Which tests stay together with `--dist loadfile`."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.scheduling import Groups  # pytest-xdist may be missing

    return Groups(config, log)


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """Test databases, whose tables are created as in a new data folder: migrations would take seconds."""
    from django.core.management.commands import flush, migrate
    from django.db import connections

    from runicorn_site.database import fresh
    from tests.fresh_rows import FreshRows

    run_migrations = migrate.Command.handle

    def handle(command: Any, *args: Any, **options: Any) -> None:
        if not fresh.create_tables(connections[options["database"]]):
            run_migrations(command, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate.Command, "handle", handle)
        request.getfixturevalue("django_db_setup")
        with django_db_blocker.unblock():
            rows = FreshRows()
        patch.setattr(flush.Command, "handle", lambda command, **options: rows.handle(command, **options))
        yield


def _use_both_databases(item: pytest.Item) -> None:
    """Give a test with one database both, as the server has them."""
    mark = item.get_closest_marker("django_db")
    if mark is not None:
        mark.kwargs.setdefault("databases", ["default", "durable"])
    elif {"db", "transactional_db"} & {*getattr(item, "fixturenames", ())}:
        item.add_marker(pytest.mark.django_db(databases=["default", "durable"]))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the tier, the long ones first; otherwise as they stand."""
    for item in items:
        _use_both_databases(item)
    tier = config.getoption("--tier")
    if tier != "all":
        selected: dict[bool, list[pytest.Item]] = {True: [], False: []}
        quick: dict[tuple[pytest.Collector | None, str], bool] = {}
        for item in items:
            function = item.parent, item.name.partition("[")[0]
            if function not in quick:
                quick[function] = tiers.is_quick(item, function[1], item.obj)  # type: ignore[attr-defined]
            selected[quick[function] == (tier == "quick")].append(item)
        config.hook.pytest_deselected(items=selected[False])
        items[:] = selected[True]
    items.sort(
        key=lambda item: LONG.index(item.path.parent.name) if item.path.parent.name in LONG else len(LONG)
    )


def pytest_collection_finish() -> None:
    """All is loaded; garbage of tests is small, and looked for less often than each 700 objects."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
