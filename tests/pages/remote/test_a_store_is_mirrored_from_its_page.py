"""Runs of a connected host are mirrored from its page; a second mirror copies only new data."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from remote.services import mirrors
from remote.ssh.loop import LoopThread
from tests.folders import write_run
from tests.server.remote.pythons import our_environment
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]


def run(client: Client, form: dict[str, str]) -> tuple[mirrors.MirrorJob, str]:
    """Wait for the end of a mirror and return it with its page."""
    address = client.post("/remote/mirrors", form)["Location"]
    mirror = mirrors.get_mirror(address.rpartition("/")[2])
    until(lambda: mirror.state != "running")
    return mirror, client.get(address).content.decode()


def test_runs_are_mirrored_and_then_only_new_data(
    client: Client, store: Path, known_sshd: Sshd, remote_store: Path, remote_loop: LoopThread
) -> None:
    our_environment(known_sshd.home)
    first = write_run(remote_store, metrics=[{"loss": 0.5}])
    client.post("/api/remote/connect", known_sshd.login(), content_type="application/json")
    form = {"connection": known_sshd.id, "environment": ".venv", "root": str(remote_store)}
    mirror, page = run(client, form)
    assert mirror.error == "" and "Show runs" in page
    assert (store / "vision" / "resnet" / "runs" / first / "events.jsonl").read_bytes() == (
        remote_store / "vision" / "resnet" / "runs" / first / "events.jsonl"
    ).read_bytes()
    second = write_run(remote_store, metrics=[{"loss": 0.25}])
    again, _ = run(client, form)
    assert (store / "vision" / "resnet" / "runs" / second / "meta.json").exists()
    assert 0 < again.result["files_synced"] <= mirror.result["files_synced"]
    failure, page = run(client, {**form, "root": "/no/such/store"})
    assert failure.state == "failed" and 'role="alert"' in page
    assert client.get("/remote/mirrors/none").status_code == 404


def test_the_page_of_a_mirror_shows_one_number_of_files(
    client: Client, store: Path, known_sshd: Sshd, remote_store: Path, remote_loop: LoopThread
) -> None:
    our_environment(known_sshd.home)
    write_run(remote_store, metrics=[{"loss": 0.5}])
    (remote_store / "vision" / "description.md").write_text("Nets that see.")
    client.post("/api/remote/connect", known_sshd.login(), content_type="application/json")
    form = {"connection": known_sshd.id, "environment": ".venv", "root": str(remote_store)}
    mirror, page = run(client, form)
    copied = mirror.result["files_synced"]
    assert f"{copied} files copied." in page and f"<dt>Files</dt><dd>{copied}</dd>" in page
    assert f"{copied} files" in client.get("/remote").content.decode()
