"""Fixtures: a store with a model and the data it was made from, and pages rendered in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

import runicorn as rn
from artifacts.services import lookup
from runs.active_root import active_root
from runs.index import discovery
from tests.pages.markup import Markup
from tests.server.artifacts.conftest import run, shelves, write

__all__ = ["run", "shelves", "write"]
Write = Callable[..., Path]
JUST_NOW = r"just now|\d+ s ago"
"""When something happened that a test did before, however slow the machine."""


@pytest.fixture
def page(store: Path, client: Client) -> Callable[..., Markup]:
    """`page("/artifacts")`: the page as a browser without scripts has it, after a look at the store."""

    def ask(address: str, status: int = 200) -> Markup:
        discovery.full(active_root())
        lookup.catch_up_all(active_root(), thorough=True)
        answer = client.get(address)
        assert answer.status_code == status, answer.content.decode()[:2000]
        return Markup(answer.content.decode())

    return ask


@pytest.fixture
def send(client: Client) -> Callable[..., str]:
    """`send(address, field="value")`: send a form, and get where it leads."""

    def go(address: str, **fields: str) -> str:
        answer = client.post(address, fields)
        assert answer.status_code == 302, answer.content.decode()[:2000]
        return str(answer["Location"])

    return go


@pytest.fixture
def model(store: Path, run: rn.Run, write: Write) -> str:
    """Dataset `d`, used by the run that made three versions of model `m`; the address of `m`."""
    run.log_artifact(rn.Artifact("d", "dataset").add_file(write("d.csv", "a,b\n1,2\n3,4\n")))
    run.use_artifact("d:latest")
    for number in (1, 2, 3):
        artifact = rn.Artifact(
            "m", metadata={"acc": number / 10, "optim": {"lr": 0.1}}, description=f"try {number}"
        )
        artifact.add_file(write("same.txt", "same")).add_file(write("own.txt", f"own {number}"))
        if number == 3:
            artifact.add_file(write("new.txt", "new"))
        run.log_artifact(artifact.add_tags("first tag", "second"))
    return "/artifacts/model/m"
