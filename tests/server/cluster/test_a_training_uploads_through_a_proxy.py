"""Caddy, with the file of `deploy/cluster`, distributes requests to servers that are killed and started again."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from runicorn.settings.user import SETTINGS
from tests import programs
from tests.processes import PROJECT, free_port, train
from tests.secrecy import look_at
from tests.server.cluster.conftest import TOKEN
from tests.server.cluster.servers import Cluster
from tests.server.cluster.uploading import is_ready
from tests.tools.sync.sending import differences, senders
from tests.waiting import until

pytestmark = pytest.mark.needs("initdb", "pg_ctl", "valkey-server", "caddy")
CADDYFILE = PROJECT / "deploy" / "cluster" / "Caddyfile"
TRAINING = """
import sys
import runicorn as rn
run = rn.init("vision", "resnet", capture_env=False, system_metrics=False)
print(run.id, flush=True)
for step, line in enumerate(sys.stdin, 1):
    run.log({"loss": 1 / step}, step=step)
run.finish()
"""


@pytest.fixture
def proxy(pair: Cluster, tmp_path: Path) -> Iterator[str]:
    """The address of Caddy in front of two servers."""
    port, program = free_port(), programs.find("caddy")
    assert program is not None
    usual = {
        "RUNICORN_SITE": f"http://127.0.0.1:{port}",
        "RUNICORN_SERVERS": " ".join(f"127.0.0.1:{server.port}" for server in pair.servers),
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    options = tmp_path / "Caddyfile"
    options.write_text("{\n\tadmin off\n}\n" + CADDYFILE.read_text(encoding="utf-8"), encoding="utf-8")
    command = [program, "run", "--config", str(options), "--adapter", "caddyfile"]
    with (tmp_path / "caddy.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | usual, stdout=log, stderr=log)
    try:
        until(lambda: is_ready(usual["RUNICORN_SITE"]))
        yield usual["RUNICORN_SITE"]
    finally:
        process.terminate()
        process.wait(60)


def test_the_compose_file_names_settings_that_exist() -> None:
    services = yaml.safe_load((CADDYFILE.parent / "compose.yaml").read_text(encoding="utf-8"))["services"]
    servers = [services[f"runicorn-{number}"] for number in (1, 2, 3)]
    named = {name for server in servers for name in server["environment"] if not name.startswith("AWS_")}
    assert named <= SETTINGS.keys()
    upstreams = re.findall(r"(runicorn-\d):23300", CADDYFILE.read_text(encoding="utf-8"))
    assert set(upstreams) == {name for name in services if name.startswith("runicorn-")}


def test_a_training_uploads_completely_while_servers_are_killed(
    pair: Cluster, proxy: str, tmp_path: Path, home: Path
) -> None:
    near = tmp_path / "near"
    near.mkdir()
    upload = {"RUNICORN_URL": proxy, "RUNICORN_TOKEN": TOKEN, "RUNICORN_UPLOAD_TIMEOUT": "1"}
    with train(TRAINING, near, home, **upload) as training:
        assert training.stdin is not None and training.stdout is not None
        run_id = training.stdout.readline().strip()
        for number in range(4):
            training.stdin.write("step\n" * 50)
            training.stdin.flush()
            size = 50 * (number + 1)
            until(lambda size=size: lines(pair.root) >= size, timeout=120)
            killed = pair.restart(number % 2)
            assert page(proxy).status_code == 200
            until(lambda killed=killed: is_ready(killed.url), timeout=120)
        training.communicate(timeout=60)
    until(lambda: not senders(near) and not differences(near, pair.root), timeout=120)
    markup = page(f"{proxy}/runs/{run_id}")
    assert markup.status_code == 200 and re.search("resnet", markup.text)


def lines(root: Path) -> int:
    """Return how many lines of journals the servers have stored."""
    return sum(path.read_bytes().count(b"\n") for path in root.glob("vision/resnet/runs/*/events.jsonl"))


def page(url: str) -> requests.Response:
    """Open a page through the proxy."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/html"}
    return look_at(requests.get(url, headers=headers, timeout=60))
