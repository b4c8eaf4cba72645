from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from django.test import Client

from runicorn_site.pages import demo as demos
from tests.processes import Viewer
from tests.waiting import until


@pytest.fixture
def demo(store: Path) -> Iterator[demos.Demo]:
    """A server's demo over an empty store, ended with the test."""
    from runicorn_site.pages import context

    instance = demos.Demo()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "demo", instance)
        patch.setattr(demos, "demo", instance)
        yield instance
    instance.cancel()
    until(lambda: not instance.running)


def short(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Have a short program be the demo."""
    started = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return started([sys.executable, "-c", program], **options)

    monkeypatch.setattr(demos.subprocess, "Popen", start)


def test_the_demo_trains_once_at_a_time_and_ends_with_its_server(viewer: Viewer) -> None:
    browser = requests.Session()
    browser.get(viewer.url, timeout=30)
    (token,) = (value for name, value in browser.cookies.items() if "csrf" in name)

    def press(address: str) -> requests.Response:
        return browser.post(viewer.url + address, {"csrfmiddlewaretoken": token}, timeout=30)

    assert "Demo: training network 1 of 14." in press("/demo/start").text
    twice = press("/demo/start")
    assert twice.status_code == 409
    assert "The demo is already running." in twice.text
    until(lambda: "Demo: training network 2 of 14." in browser.get(viewer.url, timeout=30).text)
    (child,) = psutil.Process(viewer.process.pid).children()
    viewer.kill()
    until(lambda: has_exited(child))


def has_exited(process: psutil.Process) -> bool:
    """Whether it has ended."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_the_demo_can_be_stopped(demo: demos.Demo, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    short(monkeypatch, "import time; time.sleep(60)")
    client.post("/demo/start")
    assert demo.running
    assert "Demo: training network" in client.get("/").content.decode()
    client.post("/demo/cancel")
    until(lambda: not demo.running)
    page = client.get("/").content.decode()
    assert "Demo: training network" not in page
    assert "ended early" not in page


def test_the_settings_offer_the_demo(demo: demos.Demo, client: Client) -> None:
    assert 'action="/demo/start"' in client.get("/settings").content.decode()


def test_the_reason_of_an_early_end_is_shown(
    demo: demos.Demo, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch, "import sys; sys.exit('first\\nno <room> left')")
    client.post("/demo/start")
    until(lambda: not demo.running)
    assert "The demo failed: no &lt;room&gt; left" in client.get("/").content.decode()


def test_a_read_only_root_offers_no_demo(
    demo: demos.Demo, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demos.os, "access", lambda *_: False)
    page = client.get("/").content.decode()
    assert demos.READ_ONLY in page
    assert "Run the demo" not in page
    assert client.post("/demo/start").status_code == 409
    assert not demo.running


def test_forms_of_the_demo_require_the_csrf_token(demo: demos.Demo) -> None:
    assert Client(enforce_csrf_checks=True).post("/demo/start").status_code == 403
    assert not demo.running
