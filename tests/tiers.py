"""Tiers of tests: `make test` runs the quick ones and a few journeys, `make test-rest` the others.

What a test reaches decides, not a marker of its own: its code and that of its fixtures are followed through the modules
of `tests` and `benchmarks`. It is quick unless it
- starts a process (`PROCESSES`, `FORKS`), or calls a function of the product that does so itself,
- uses a library that takes a second to import (`COSTLY`): all tests of a file that imports one at its top,
- builds a store of many tiles, runs or requests (`tests/large.py`),
- repeats what it does with a database for many examples (Hypothesis), or simulates (`simulation`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import pytest

PROCESSES = frozenset(
    {
        "asyncio.subprocess",
        "jupyter_client.manager",
        "mcp.client.stdio",
        "multiprocessing",
        "nbclient",
        "nbclient.client",
        "playwright.sync_api",
        "pty",
        "subprocess",
    }
)
"""Modules that start processes, of others."""
COSTLY = frozenset(
    {
        "jsonschema",
        "matplotlib",
        "mcp",
        "openpyxl",
        "pandas",
        "polars",
        "scipy",
        "sklearn",
        "textual",
        "torch",
    }
)
"""Libraries that take about a second to import."""
LARGE = "tests.large"
OURS = ("tests.", "benchmarks.")
PRODUCT = ("runicorn", "runs", "metrics", "artifacts", "alerts", "people", "remote", "samples")
FORKS = frozenset(
    {"fork", "forkpty", "posix_spawn", "spawnv", "create_subprocess_exec", "create_subprocess_shell"}
)
"""Functions of `os` and `asyncio` that start processes."""

JOURNEYS = {
    "journeys/test_a_point_logged_after_the_page_was_opened_appears": (
        "test_a_point_and_a_line_appear_without_a_reload",
        "test_the_answer_of_the_api_equals_what_was_logged",
    ),
    "journeys/test_nothing_acknowledged_is_lost": ("test_every_log_that_returned_is_there_after_kills",),
    "pages/test_accessibility_of_dialogs_and_menus": ("test_a_searched_log_has_no_violation",),
    "pages/test_charts_in_the_browser": (
        "test_a_curve_is_drawn_and_described_in_words",
        "test_dragging_asks_for_that_range_at_full_resolution",
        "test_new_points_are_added_without_a_request",
    ),
    "pages/test_pages_work_without_scripts": ("test_deleting_and_restoring_work_by_forms",),
    "pages/test_users_arrange_charts": ("test_axes_and_range_of_one_chart_are_set_and_kept_for_the_project",),
    "pages/test_users_find_and_delete_runs": ("test_a_deletion_is_undone",),
    "pages/test_users_find_runs_by_a_condition": (
        "test_a_click_with_shift_sorts_by_a_second_column",
        "test_a_condition_is_completed_by_keyboard_and_its_hits_are_shown",
    ),
    "pages/test_users_view_other_media": ("test_one_step_slider_moves_media_of_all_kinds",),
    "sdk/companion/test_the_companion_judges_the_end_of_a_training": (
        "test_a_killed_companion_is_replaced_with_the_next_run",
    ),
    "sdk/compat/test_wandb_scripts": ("test_a_training_script_is_recorded",),
    "sdk/tracking/test_the_exit_of_the_program_determines_the_status": (
        "test_all_open_runs_end_with_the_program",
    ),
    "server/live/test_the_live_socket_sends_points": (
        "test_a_point_logged_after_the_answer_comes_and_none_before",
    ),
    "server/live/test_the_log_socket_follows_the_log": (
        "test_every_line_of_many_bursts_arrives_once_and_in_order",
    ),
    "server/people/test_users_sign_in": ("test_a_user_signs_in_and_out",),
    "server/security/test_proxies_need_a_token": ("test_a_viewer_without_a_token_refuses_proxied_requests",),
    "server/shares/test_a_link_shows_one_thing_and_nothing_else": ("test_a_run_is_shown_with_all_its_parts",),
    "server/site/test_websockets_at_unknown_paths_are_refused": (
        "test_a_handshake_at_an_unknown_address_is_refused_without_an_error",
    ),
    "tools/cli/test_the_doctor_checks_an_installation": ("test_a_sound_installation_has_no_problems",),
    "tools/exchange/test_import_and_export_over_http": ("test_the_client_sends_and_fetches",),
    "tools/sync/test_upload_of_runs": ("test_a_killed_training_is_sent_to_its_last_line",),
}
"""Tests with processes that `make test` runs too, by module."""


def is_quick(node: pytest.Item | pytest.Collector, name: str, function: Any) -> bool:
    """Return whether `make test` runs a test.

    Args:
        node: the test, or the module or class it stands in.
        name: the name of its function.
        function: its function.
    """
    path = node.nodeid.partition("::")[0]
    if is_journey(f"{path}::{name}"):
        return True
    return not (imports_costly(node.path) or repeats_much(node, function) or reaches_much(node, function))


@cache
def imports_costly(path: Path) -> bool:
    """Return whether a file of tests imports a costly library at its top."""
    return _COSTLY_IMPORT.search(path.read_text(encoding="utf-8")) is not None


_COSTLY_IMPORT = re.compile(rf"^(?:import|from) (?:{'|'.join(sorted(COSTLY))})\b", re.MULTILINE)


def repeats_much(node: pytest.Item | pytest.Collector, function: Any) -> bool:
    """Return whether a test simulates, or tries many examples with a database."""
    marks = {mark.name for mark in _marks(node, function)}
    return "simulation" in marks or (hasattr(function, "hypothesis") and "django_db" in marks)


def _marks(node: pytest.Item | pytest.Collector, function: Any) -> list[pytest.Mark]:
    return [*node.iter_markers(), *(mark for mark in getattr(function, "pytestmark", ()))]


def is_journey(nodeid: str) -> bool:
    """Return whether a test is listed in `JOURNEYS`."""
    path, _, name = nodeid.partition("::")
    module = path.removeprefix("tests/").removesuffix(".py")
    return name.partition("[")[0] in JOURNEYS.get(module, ())


def reaches_much(node: pytest.Item | pytest.Collector, function: Any) -> bool:
    """Return whether a test or one of its fixtures starts a process (a server, a browser, a command, a training), uses a
    costly library, or builds a large store."""
    if leads_to_much(function):
        return True
    fixtures = _Fixtures.of(node)
    names = [*inspect.signature(function).parameters, *fixtures.of_all_tests, *_requested(function)]
    for mark in _marks(node, function):
        if mark.name == "usefixtures":
            names += mark.args
    visited = set()
    while names:
        name = names.pop()
        if name in visited:
            continue
        visited.add(name)
        if fixtures[name] is None:
            return True
        names += fixtures[name]
    return False


class _Fixtures(dict[str, Any]):
    """For each fixture of a module or class the names of those it asks for; None if it leads to much."""

    def __init__(self, place: pytest.Collector) -> None:
        super().__init__()
        self._place = place
        self.of_all_tests = tuple(place.session._fixturemanager._getautousenames(place))

    @classmethod
    def of(cls, node: pytest.Item | pytest.Collector) -> _Fixtures:
        place = node.parent if isinstance(node, pytest.Item) else node
        assert isinstance(place, pytest.Collector)
        if _FIXTURES not in place.stash:
            place.stash[_FIXTURES] = cls(place)
        return place.stash[_FIXTURES]

    def __missing__(self, name: str) -> Any:
        definitions = self._place.session._fixturemanager.getfixturedefs(name, self._place) or ()
        if any(leads_to_much(definition.func) for definition in definitions):
            self[name] = None
        else:
            self[name] = [other for each in definitions for other in (*each.argnames, *_requested(each.func))]
        return self[name]


_FIXTURES = pytest.StashKey[_Fixtures]()


@cache
def _requested(part: Any) -> set[str]:
    """Return the fixtures that a function may ask for by their names."""
    code = getattr(getattr(part, "__wrapped__", part), "__code__", None)
    if code is None or "getfixturevalue" not in _names(code):
        return set()
    return _texts(code)


@cache
def leads_to_much(root: Any) -> bool:
    """Follow the code of a function through the modules of the tests."""
    pending, visited = [root], {}
    while pending:
        part = pending.pop()
        if id(part) in visited or id(part) in _quick:
            continue
        visited[id(part)] = part
        for value in _uses(part):
            if value is None:
                return True
            pending.append(value)
    _quick.update(visited)
    return False


_quick: dict[int, Any] = {}
"""Parts by their `id()` of which all was followed."""


def _uses(part: Any) -> Iterator[Any]:
    """Yield the functions and classes of tests that a function or class uses; None for what is not quick."""
    part = getattr(part, "__wrapped__", part)
    part = getattr(getattr(part, "hypothesis", None), "inner_test", part)
    if isinstance(part, MethodType):
        part = part.__func__
    if isinstance(part, type):
        for base in part.__mro__:
            if _is_ours(base):
                yield from (
                    getattr(value, "__func__", getattr(value, "fget", value)) for value in vars(base).values()
                )
    elif isinstance(part, FunctionType) and _is_ours(part):
        names = _names(part.__code__)
        # Not imported for this: nbclient alone takes seconds.
        imported = names - part.__globals__.keys() | _skips_without(part.__code__)
        if names & FORKS or imported & (PROCESSES | COSTLY):
            yield None
        for name in names:
            value = part.__globals__.get(name) if name in part.__globals__ else _imported(name)
            if isinstance(value, ModuleType):
                members = [vars(value)[member] for member in names & vars(value).keys()]
                if _is_costly(value.__name__) or any(map(_starts_processes, members)):
                    yield None
                elif value.__name__.startswith(OURS):
                    yield from members
            elif _is_costly(str(getattr(value, "__module__", ""))) or _starts_processes(value):
                yield None
            elif _is_ours(value):
                yield value


def _starts_processes(value: Any) -> bool:
    """Return whether a function of the product starts a process itself, or by others of its module."""
    return isinstance(value, FunctionType) and value.__module__.startswith(PRODUCT) and _starts(value)


@cache
def _starts(function: FunctionType) -> bool:
    pending, visited = [function], set()
    while pending:
        part = pending.pop()
        visited.add(part)
        values = [part.__globals__.get(name) for name in _names(part.__code__)]
        if any(isinstance(value, ModuleType) and value.__name__ in PROCESSES for value in values):
            return True
        pending += [
            value
            for value in values
            if isinstance(value, FunctionType)
            and value.__module__ == part.__module__
            and value not in visited
        ]
    return False


def _imported(name: str) -> ModuleType | None:
    """Return a module of the tests that a function imports."""
    return import_module(name) if name.startswith(OURS) else None


def _is_costly(module: str) -> bool:
    return module in PROCESSES or module == LARGE or module.partition(".")[0] in COSTLY


def _is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith(OURS)


def _texts(code: CodeType) -> set[str]:
    return {text for text in code.co_consts if isinstance(text, str)}


def _skips_without(code: CodeType) -> set[str]:
    """Return the libraries that a function may import by `pytest.importorskip()`."""
    return {text.partition(".")[0] for text in _texts(code)} if "importorskip" in _names(code) else set()


@cache
def _names(code: CodeType) -> frozenset[str]:
    """Return the names that a function and the functions within it use."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return frozenset(code.co_names).union(*map(_names, inner))
