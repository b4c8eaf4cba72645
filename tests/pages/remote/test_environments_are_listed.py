"""Environments of a host are listed in the order in which they are of use, their state in one column."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.pages.remote.test_a_remote_run_is_watched_live import connect
from tests.processes import Viewer
from tests.server.remote.pythons import bare_environment, fake_python, our_environment
from tests.sshd import Sshd

pytestmark = pytest.mark.needs("sshd")
VERSIONS = ("3.10.13", "2.7.18", "3.12.1", "3.6.15", "3.9.1")


def test_usable_environments_come_first_and_versions_in_natural_order(
    near: Viewer, sshd: Sshd, visit: Callable[..., Any]
) -> None:
    our_environment(sshd.home)
    bare_environment(sshd.home, "venv")
    for version in VERSIONS:
        description = {"python": version, "identity": version, "runicorn": None, "home": str(sshd.home)}
        report = json.dumps({**description, "root": "", "root_exists": False, "port": 0})
        fake_python(sshd.home, f"echo 'runicorn-probe:{report}'\n", f".pyenv/versions/{version}")
    page = visit(near, "/remote")
    connect(page, sshd)
    rows = page.locator("#environments li").filter(has_text=str(sshd.home))
    expect(rows).to_have_count(2 + len(VERSIONS))
    names = rows.locator("strong").all_inner_texts()
    assert names[0] == ".venv" and {*names[1:3]} == {"venv", "3.12.1"}
    assert names[3:] == ["2.7.18", "3.6.15", "3.9.1", "3.10.13"]
    states = page.locator("#environments .fit").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().x)"
    )
    assert len(set(states)) == 1
