"""The Python client, uploads of the SDK and `runicorn sync` with the URL of a viewer below a path."""

from __future__ import annotations

from pathlib import Path

import pytest

import runicorn.api as api
from tests.pages.conftest import CHARTED
from tests.processes import train
from tests.server.proxies.conftest import Site
from tests.tools.sync.sending import sync
from tests.waiting import until

SCRIPT = """
import runicorn as rn
run = rn.init(project="vision", name="uploaded")
run.log({"loss": 0.5}, step=1)
run.finish()
print(run.id)
"""


def trained(root: Path, home: Path, **more: str) -> tuple[str, str]:
    """Train in a process of its own; return the id of the run and what it printed on stderr."""
    output, errors = train(SCRIPT, root, home, **more).communicate(timeout=120)
    return output.strip(), errors


def test_the_client_reads_and_writes(site: Site) -> None:
    with api.connect(site.url + "/", token=site.token or None) as client:
        assert CHARTED in {run["id"] for run in client.list_experiments(project="vision")}
        assert client.get_metrics(CHARTED)
        with pytest.raises(api.NotFoundError):
            client.get_experiment("20250101_000000_abcdef")


def test_the_client_names_the_base_path_that_its_url_lacks(mounted: Site) -> None:
    with pytest.raises(api.ConnectionError, match=f"begin with {mounted.prefix}/"):
        api.connect(mounted.url.removesuffix(mounted.prefix))


def test_runs_are_uploaded_while_they_train_and_later(site: Site, folder: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    server = {"RUNICORN_URL": site.url, "RUNICORN_TOKEN": site.token}
    live, printed = trained(folder, home, **server)
    assert f"{site.url}/runs/{live}" in printed
    later, _ = trained(folder, home)
    process = sync(folder, home, later, "--url", site.url, **server)
    assert process.returncode == 0, process.stderr
    assert f"{site.url}/runs/{later}" in process.stdout
    pages = [f"{site.url}/runs/{run_id}" for run_id in (live, later)]
    until(lambda: all("uploaded" in site.session.get(page).text for page in pages))


def test_a_run_beside_the_viewer_prints_its_address(mounted: Site) -> None:
    home = mounted.viewer.log.parent
    run_id, printed = trained(mounted.viewer.root, home)
    assert f"{mounted.url}/runs/{run_id}" in printed
    assert f"Runicorn at {mounted.url} shows" in mounted.viewer.output
