"""The Dockerfile and the compose files with a real container engine: size, rights, health, volume, end, three servers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import runicorn.api as api
from tests.packaging.containers import PROGRAMS, Podman, podman
from tests.packaging.debian import make
from tests.processes import PROJECT, free_port, train
from tests.secrecy import secret
from tests.waiting import until

pytestmark = [pytest.mark.torture, pytest.mark.timeout(1800), pytest.mark.needs(*PROGRAMS)]
LARGEST = 350_000_000
"""Bytes of all layers, as the engine reports them."""
SCRIPT = """
import runicorn as rn
with rn.init(project="vision", name="uploaded", capture_env=False, system_metrics=False) as run:
    run.log({"loss": 0.5})
print(run.id)
"""
POSTGRES = r"""
set -e
data=/var/lib/postgresql/data bin=$(echo /usr/lib/postgresql/*/bin)
chown postgres $data && mkdir -p /run/postgresql && chown postgres /run/postgresql
as() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
if ! [ -e $data/PG_VERSION ]; then
    printf %s "$POSTGRES_PASSWORD" >/tmp/password
    chmod 644 /tmp/password
    as $bin/initdb --pgdata $data --username "$POSTGRES_USER" --pwfile /tmp/password --auth scram-sha-256 --no-sync
    echo "host all all all scram-sha-256" >>$data/pg_hba.conf
    as $bin/postgres --single -D $data postgres <<EOF
CREATE DATABASE "$POSTGRES_USER"
EOF
fi
exec setpriv --reuid postgres --regid postgres --clear-groups $bin/postgres -D $data -c listen_addresses=* -c fsync=off
"""
"""What the official images do, in short."""
SERVICES: dict[str, dict[str, str | list[str]]] = {
    "docker.io/library/postgres:17": {"ENTRYPOINT": ["sh", "-c", POSTGRES]},
    "docker.io/valkey/valkey:8": {"ENTRYPOINT": ["sh", "-c", 'exec "$@" --protected-mode no', "valkey"]},
    "docker.io/library/caddy:2": {
        "ENV": "XDG_DATA_HOME=/data",
        "CMD": ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
    },
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Podman]:
    """An engine that has built the image."""
    with podman() as engine:
        engine.build("localhost/runicorn")
        yield engine


def healthy(engine: Podman, name: str) -> bool:
    """Return whether the health check of a container passes now."""
    engine.run("healthcheck", "run", name, code=None)
    return str(engine.inspect(name)["State"]["Health"]["Status"]) == "healthy"


def token_of(engine: Podman, name: str) -> str:
    """Return the token of a running server."""
    return engine.run("exec", name, "sh", "-c", "cat /data/state/token-23300")


def upload(folder: Path, **surroundings: str) -> tuple[str, str]:
    """Train on this machine; return the id of the run and what was printed on stderr."""
    output, errors = train(SCRIPT, folder, folder, **surroundings).communicate(timeout=120)
    return output.strip(), errors


def test_the_image_is_small(engine: Podman) -> None:
    assert engine.inspect("localhost/runicorn")["Size"] <= LARGEST


def test_libraries_of_the_image_are_complete_and_compiled(engine: Podman) -> None:
    code = (
        "import importlib.util, pathlib\n"
        "for name in ('numpy.fft', 'numpy.linalg', 'numpy.random', 'yaml', 'psycopg.pq', 'psutil',"
        " 'cryptography.hazmat.primitives.asymmetric.ed25519', 'bcrypt', 'orjson', 'PIL.ImageFont', 'PIL._imagingft',"
        " 'apprise', 'redis', 'rpds', 'msgpack', 'cbor2', 'zope.interface', 'asyncssh', 'autobahn.twisted.websocket'):\n"
        "    importlib.import_module(name)\n"
        "stale = [path for path in pathlib.Path('/opt/runicorn/lib').rglob('*.py')"
        " if '/pygments/lexers/' not in str(path)"
        " and not pathlib.Path(importlib.util.cache_from_source(str(path))).exists()]\n"
        "print(stale)"
    )
    options = ("run", "--rm", "--read-only", "--network=none", "--entrypoint", "python")
    assert engine.run(*options, "localhost/runicorn", "-c", code) == "[]"
    printed = engine.run("run", "--rm", "--read-only", "--network=none", "localhost/runicorn", "--help")
    assert "viewer" in printed


def test_the_compose_file_serves_one_viewer(engine: Podman, tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "one" / "compose.yaml"
    file.parent.mkdir()
    text = (PROJECT / "compose.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("127.0.0.1:23300:", f"127.0.0.1:{port}:").replace("build: .", ""))
    engine.compose(file, "up", "--detach")
    (name,) = engine.run("ps", "--format", "{{.Names}}").splitlines()
    try:
        until(lambda: healthy(engine, name))
        assert engine.run("exec", name, "id", "-u") == "10001"
        assert "Read-only file system" in engine.run("exec", name, "touch", "/opt/x", code=1)
        status = engine.run("exec", name, "cat", "/proc/1/status")
        assert re.search(r"CapEff:\s+0+$", status, re.MULTILINE) and "NoNewPrivs:\t1" in status
        assert "/?once=" in engine.compose(file, "logs")
        url, token = f"http://127.0.0.1:{port}", token_of(engine, name)
        assert requests.get(f"{url}/api/runs", timeout=30).status_code == 401
        run_id, _ = upload(tmp_path, RUNICORN_URL=url, RUNICORN_TOKEN=token)
        with api.connect(url, token=token) as client:
            until(lambda: run_id in {run["id"] for run in client.list_experiments(project="vision")})
        engine.run("stop", name)
        state = engine.inspect(name)["State"]
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False), engine.run("logs", name)
        engine.compose(file, "down")
        engine.compose(file, "up", "--detach")
        until(lambda: healthy(engine, name))
        with api.connect(url, token=token) as client:
            until(lambda: run_id in {run["id"] for run in client.list_experiments(project="vision")})
        assert "Traceback" not in engine.run("logs", name)
    finally:
        engine.compose(file, "down", "--volumes")


def test_the_compose_file_of_a_cluster_serves_three_viewers(engine: Podman, tmp_path: Path) -> None:
    archive = make("postgresql,valkey-server,caddy,ca-certificates", tmp_path / "services.tar")
    for image, instructions in SERVICES.items():
        engine.load(archive, image, **instructions)
    archive.unlink()
    folder = tmp_path / "cluster"
    shutil.copytree(PROJECT / "deploy" / "cluster", folder)
    file, port = folder / "compose.yaml", free_port()
    text = file.read_text(encoding="utf-8").replace("build: ../..", "")
    file.write_text(text.replace('["80:80", "443:443"]', f'["127.0.0.1:{port}:443"]'), encoding="utf-8")
    settings = {"RUNICORN_HOST": "localhost", "POSTGRES_PASSWORD": secret()}
    engine.compose(file, "up", "--detach", **settings)
    try:
        named = engine.run("ps", "--format", "{{.Names}}").splitlines()
        servers = sorted(name for name in named if re.search(r"runicorn-[123]", name.partition("cluster")[2]))
        assert (len(named), len(servers)) == (6, 3)
        until(lambda: all(healthy(engine, server) for server in servers))
        authority = folder / "root.crt"
        (caddy,) = [name for name in named if "caddy" in name]
        certificate = "/data/caddy/pki/authorities/local/root.crt"
        until(lambda: "BEGIN" in engine.run("exec", caddy, "cat", certificate, code=None))
        authority.write_text(engine.run("exec", caddy, "cat", certificate), encoding="ascii")
        url, token = f"https://localhost:{port}", token_of(engine, servers[0])
        until(lambda: requests.get(f"{url}/readyz", verify=authority, timeout=30).text == "ready\n")
        surroundings = {"RUNICORN_URL": url, "RUNICORN_TOKEN": token, "REQUESTS_CA_BUNDLE": str(authority)}
        run_id, printed = upload(tmp_path, **surroundings)
        assert f"{url}/runs/{run_id}" in printed
        ask = (
            "import urllib.request as r; print(r.urlopen(r.Request('http://127.0.0.1:23300/api/runs',"
            f" headers={{'Authorization': 'Bearer {token}'}})).read().decode())"
        )
        for server in servers:
            until(lambda: run_id in engine.run("exec", server, "python", "-c", ask))  # noqa: B023
        engine.run("kill", servers[0])
        for _ in range(20):
            assert requests.get(f"{url}/healthz", verify=authority, timeout=30).status_code == 200
        for server in servers[1:]:
            engine.run("stop", server)
            assert engine.inspect(server)["State"]["ExitCode"] == 0, engine.run("logs", server)
            assert "Traceback" not in engine.run("logs", server)
    finally:
        engine.compose(file, "down", "--volumes", **settings)
