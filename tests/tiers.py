"""Tiers of tests: `make test` runs those within the process and a few journeys, `make test-all` all.

What a test reaches decides, not a marker: its code and that of its fixtures are followed through the modules of `tests`
and `benchmarks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parent
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
OURS = ("tests.", "benchmarks.")
FORKS = frozenset(
    {"fork", "forkpty", "posix_spawn", "spawnv", "create_subprocess_exec", "create_subprocess_shell"}
)
"""Functions of `os` and `asyncio` that do."""


JOURNEYS = {
    "journeys/test_a_point_logged_after_the_page_was_opened_appears": (
        "test_a_point_and_a_line_appear_without_a_reload",
        "test_the_answer_of_the_api_equals_what_was_logged",
    ),
    "journeys/test_nothing_acknowledged_is_lost": ("test_every_log_that_returned_is_there_after_kills",),
    "server/alerts/test_viewers_send_messages": (
        "test_a_viewer_killed_before_the_delivery_sends_it_after_its_next_start",
    ),
    "tools/cli/test_the_doctor_checks_an_installation": ("test_a_sound_installation_has_no_problems",),
    "sdk/companion/test_the_companion_judges_the_end_of_a_training": (
        "test_a_killed_companion_is_replaced_with_the_next_run",
    ),
    "sdk/compat/test_wandb_scripts": ("test_a_training_script_is_recorded",),
    "tools/exchange/test_import_and_export_over_http": ("test_the_client_sends_and_fetches",),
    "server/live/test_the_live_socket_sends_points": (
        "test_a_point_logged_after_the_answer_comes_and_none_before",
    ),
    "server/live/test_the_log_socket_follows_the_log": (
        "test_every_line_of_many_bursts_arrives_once_and_in_order",
    ),
    "pages/test_users_arrange_charts": ("test_axes_and_range_of_one_chart_are_set_and_kept_for_the_project",),
    "pages/test_users_find_runs_by_a_condition": (
        "test_a_column_is_found_by_search_and_the_menu_keeps_its_place",
    ),
    "pages/test_users_work_with_many_runs": ("test_users_remove_and_add_runs_in_the_legend",),
    "server/people/test_users_sign_in": ("test_a_user_signs_in_and_out",),
    "server/security/test_api_tokens_have_a_scope_and_an_end": (
        "test_a_training_uploads_with_a_token_that_may_write",
    ),
    "server/shares/test_users_share_what_they_see": ("test_links_are_created_opened_and_revoked",),
    "server/site/test_squashed_migrations": (
        "test_a_database_of_an_earlier_commit_gets_the_tables_of_a_new_one",
    ),
}
"""Tests with processes that `make test` runs too, by module."""


def is_quick(item: pytest.Item) -> bool:
    """Return whether `make test` runs a test."""
    return is_journey(item.nodeid) or not starts_processes(item)


def is_journey(nodeid: str) -> bool:
    """Return whether a test is listed in `JOURNEYS`."""
    path, _, name = nodeid.partition("::")
    module = path.removeprefix("tests/").removesuffix(".py")
    return name.partition("[")[0] in JOURNEYS.get(module, ())


def starts_processes(item: pytest.Item) -> bool:
    """Return whether a test or one of its fixtures starts a process: a server, a browser, a command, a training."""
    test = item.obj  # type: ignore[attr-defined]
    definitions_of = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    if reaches_a_process(test):
        return True
    names, seen = [*definitions_of, *_requested(test)], set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        definitions = definitions_of.get(name) or item.session._fixturemanager.getfixturedefs(name, item)
        for definition in definitions or ():
            if reaches_a_process(definition.func):
                return True
            names += [*definition.argnames, *_requested(definition.func)]
    return False


def _requested(part: Any) -> set[str]:
    """Return the fixtures that a function may ask for by their names."""
    code = getattr(getattr(part, "__wrapped__", part), "__code__", None)
    if code is None or "getfixturevalue" not in _names(code):
        return set()
    return {text for text in code.co_consts if isinstance(text, str) and text.isidentifier()}


@cache
def reaches_a_process(root: Any) -> bool:
    """Follow the code of a function through the modules of the tests."""
    pending, seen = [root], set()
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        for value in _uses(part):
            if value is None:
                return True
            pending.append(value)
    return False


def _uses(part: Any) -> Iterator[Any]:
    """Yield the functions and classes of tests that a function or class uses; None for a process."""
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
        if names & FORKS:
            yield None
        for name in names:
            value = part.__globals__.get(name) if name in part.__globals__ else _imported(name)
            if isinstance(value, ModuleType):
                if value.__name__ in PROCESSES:
                    yield None
                elif value.__name__.startswith(OURS):
                    yield from (vars(value)[member] for member in names & vars(value).keys())
            elif getattr(value, "__module__", None) in PROCESSES:
                yield None
            elif _is_ours(value):
                yield value


def _imported(name: str) -> ModuleType | None:
    """Return a module that a function imports."""
    if name in PROCESSES or name.startswith(OURS):
        return import_module(name)
    return None


def _is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith(OURS)


@cache
def _names(code: CodeType) -> frozenset[str]:
    """Return the names that a function and the functions within it use."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return frozenset(code.co_names).union(*map(_names, inner))
