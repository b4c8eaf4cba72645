"""A fork (`tests/forks.py`) cannot be told from a process that imported everything itself."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import forks
from tests.fork_server import SERVER
from tests.processes import environment
from tests.waiting import until

DESCRIBE = """
import asyncio, gc, json, os, resource, signal, sys, threading
print(json.dumps({
    "name": __name__, "file": __file__, "main": sys.modules["__main__"].__file__, "arguments": sys.argv, "path": sys.path,
    "environment": dict(os.environ), "folder": os.getcwd(), "flags": list(sys.flags), "gc": gc.isenabled(),
    "descriptors": sorted(name for name in os.listdir("/proc/self/fd") if int(name) > 0)[:-1],
    "signals": {str(number): str(signal.getsignal(number)) for number in sorted(signal.valid_signals())},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "group": os.getpgid(0), "session": os.getsid(0),
    "limits": [resource.getrlimit(limit) for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS, resource.RLIMIT_CORE)], "threads": threading.active_count(),
    "encoding": [sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering, sys.stdout.write_through],
    "reactor": "twisted.internet.reactor" in sys.modules, "settings": "runicorn_site.settings" in sys.modules,
}))
print("to the other stream", file=sys.stderr)
if sys.argv[1:] == ["fail"]:
    sys.exit("a sentence")
if sys.argv[1:] == ["stay"]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    print("waiting", flush=True)
    while True:
        signal.pause()
"""

CONFIGURE = """
import json, os, re
os.environ["DJANGO_SETTINGS_MODULE"] = "runicorn_site.settings"
import django
django.setup()
from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.db import connections
from django.urls import get_resolver
from metrics.ingest import intake
described = [repr(connections.settings), repr(caches.settings), connections["default"].vendor]
own = f"0x[0-9a-f]+|(?<=runicorn-test-){os.getpid()}"
print(re.sub(own, "", json.dumps({
    "settings": {name: repr(getattr(settings, name)) for name in dir(settings) if name.isupper()},
    "connections": described,
    "models": sorted(model._meta.label for model in apps.get_models()), "owner": intake._OWNER,
    "addresses": repr(get_resolver().url_patterns),
})))
"""
SURROUNDINGS: dict[str, dict[str, str]] = {
    "plain": {},
    "users": {"RUNICORN_USERS": "yes"},
    "postgresql": {
        "RUNICORN_DATABASE_URL": "postgresql://me@/lab?host=/nowhere",
        "RUNICORN_CACHE_URL": "redis://127.0.0.1:1/0",
    },
    "users on postgresql": {
        "RUNICORN_USERS": "yes",
        "RUNICORN_DATABASE_URL": "postgresql://me@/lab?host=/nowhere",
    },
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a module `described` that prints what it knows of its process."""
    (tmp_path / "described.py").write_text(DESCRIBE, encoding="utf-8")
    (tmp_path / "configured.py").write_text(CONFIGURE, encoding="utf-8")
    return tmp_path


def begin(
    program: Path, fork: bool, *arguments: str, module: str = "described", **more: str
) -> tuple[Any, Path]:
    """Run the module, and return the process and the file with its output."""
    chosen = environment(program / "home", RUNICORN_RATE_LIMIT="off", **more)
    log = program / f"{fork}-{'-'.join(arguments)}.log"
    with log.open("wb") as output:
        if fork:
            assert forks.is_possible(chosen)
            return forks.start(
                [module, *arguments], chosen, program, stdout=output, stderr=subprocess.STDOUT
            ), log
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.Popen(
            command, env=chosen, cwd=program, stdout=output, stderr=subprocess.STDOUT
        ), log


@pytest.mark.parametrize("servers", [(), ("described",)], ids=["libraries", "server"])
def test_a_fork_has_the_same_surroundings(
    program: Path, servers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forks, "SERVERS", servers)
    described = []
    for fork in (False, True):
        process, log = begin(program, fork, "one", "--two")
        assert process.wait(60) == process.poll() == 0
        first, second = log.read_text(encoding="utf-8").splitlines()
        assert second == "to the other stream"
        described.append(json.loads(first))
    assert described[0] == described[1]


@pytest.mark.parametrize("variables", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_a_fork_with_the_server_has_settings_of_its_own(
    program: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forks, "SERVERS", ("configured",))
    configured, owners = [], set()
    for fork in (False, True, True):
        process, log = begin(program, fork, module="configured", **variables)
        assert process.wait(60) == 0, log.read_text(encoding="utf-8")
        configured.append(json.loads(log.read_text(encoding="utf-8").splitlines()[-1]))
        owners.add(configured[-1].pop("owner"))
    assert configured[0] == configured[1] == configured[2]
    assert len(owners) == 3


def test_a_fork_ends_with_the_same_status(program: Path) -> None:
    for fork in (False, True):
        process, log = begin(program, fork, "fail")
        assert process.wait(60) == 1
        assert log.read_text(encoding="utf-8").splitlines()[-1] == "a sentence"
        process, log = begin(program, fork, "stay")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        until(lambda log=log: "waiting" in log.read_text(encoding="utf-8"))
        assert process.poll() is None
        process.terminate()
        assert process.wait(60) == 7
        process, log = begin(program, fork, "stay")
        until(lambda log=log: "waiting" in log.read_text(encoding="utf-8"))
        process.kill()
        assert process.wait(60) == process.returncode == -signal.SIGKILL


def test_other_variables_need_a_process_of_their_own(program: Path) -> None:
    assert forks.is_possible(environment(program, RUNICORN_TOKEN="x", DJANGO_SETTINGS_MODULE="y"))
    for changed in ({"LANG": "xx"}, {"PYTHONUTF8": "1"}, {"NO_COLOR": "1", "TZ": "Asia/Tokyo"}):
        assert not forks.is_possible(environment(program, **changed))


def test_all_modules_that_are_imported_before_a_fork_exist() -> None:
    assert [name for name in SERVER if importlib.util.find_spec(name) is None] == []
