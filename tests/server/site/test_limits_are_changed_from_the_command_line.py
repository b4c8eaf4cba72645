from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn_site.security.rates.rate_table import Limit, Rates, read
from runicorn_tools.cli import app
from runicorn_tools.cli.support import common


@pytest.fixture
def run(home: Path) -> Any:
    """`run("--action", …)`: exit code and all that was said."""

    def call(*options: str, answer: str = "") -> tuple[int, str]:
        result = CliRunner().invoke(app, ["rate-limit", *options], input=answer)
        return result.exit_code, result.output

    return call


def rates(home: Path) -> Rates:
    stored_limits, problems = read(
        json.loads((home / "config" / "rate_limits.json").read_text(encoding="utf-8"))
    )
    assert problems == []
    return stored_limits


def test_a_limit_is_set_shown_and_removed(run: Any, home: Path) -> None:
    place = ("--endpoint", "GET /api/runs")
    assert run("--action", "set", *place, "--max-requests", "7", "--burst-size", "2")[0] == 0
    assert rates(home).limit("GET", "/api/runs") == Limit(7, 60, 2)
    assert (home / "config" / "rate_limits.json").stat().st_mode & 0o777 == 0o600
    assert "GET /api/runs: 7/60s (burst: 2)" in run("--action", "get", *place)[1]
    assert "GET /api/runs: 7/60s (burst: 2)" in run("--action", "list")[1]
    assert json.loads(run("--action", "show")[1])["endpoints"]["GET /api/runs"]["max_requests"] == 7
    limit = json.loads(run("--action", "get", *place, "--json")[1])
    assert (limit["max_requests"], limit["burst_size"], limit["is_default"]) == (7, 2, False)
    limits = json.loads(run("--action", "list", "--json")[1])
    assert limits["endpoints"].keys() == {"GET /api/runs"} and limits["built_in"]["GET /api/runs"]
    assert "Removed" in run("--action", "remove", *place)[1]
    assert json.loads(run("--action", "get", *place, "--json")[1])["is_default"]
    assert run("--action", "remove", *place) == (0, "⚠ No specific rate limit found for GET /api/runs\n")
    assert "100/60s (using default)" in run("--action", "get", *place)[1]


def test_limits_are_switched_off_and_reset(run: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--action", "settings", "--disable", "--whitelist-localhost")[0] == 0
    assert (rates(home).enabled, rates(home).spare_localhost) == (False, True)
    assert run("--action", "reset", answer="")[0] == 2
    monkeypatch.setattr(common, "is_interactive", lambda: True)
    assert "Cancelled." in run("--action", "reset", answer="n\n")[1]
    assert not rates(home).enabled
    assert run("--action", "reset", answer="y\n")[0] == 0
    assert rates(home) == Rates()


@pytest.mark.parametrize(
    "options",
    [
        ("get",),
        ("set", "--endpoint", "/api/runs"),
        ("set", "--endpoint", "/api/runs", "--max-requests", "0"),
        ("set", "--endpoint", "runs", "--max-requests", "5"),
        ("remove",),
        ("dance",),
    ],
)
def test_wrong_usage_writes_nothing(run: Any, home: Path, options: tuple[str, ...]) -> None:
    assert run("--action", *options)[0] == 2
    assert not (home / "config" / "rate_limits.json").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{}", 0),
        ("{", 1),
        ('{"endpoints": []}', 1),
        ('{"endpoints": {"/api/runs": {}}}', 1),
        ('{"endpoints": {"runs": {"max_requests": 5}}}', 1),
        ('{"default": {"max_requests": -1}}', 1),
    ],
)
def test_a_limits_file_is_validated(run: Any, home: Path, content: str, code: int) -> None:
    (home / "config").mkdir(parents=True, mode=0o700)
    (home / "config" / "rate_limits.json").write_text(content, encoding="utf-8")
    exit_code, output = run("--action", "validate")
    assert exit_code == code
    assert ("✓ Configuration is valid" in output) == (code == 0)
