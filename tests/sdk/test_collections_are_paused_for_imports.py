"""No garbage collection runs while a command imports its modules, which later ones leave out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from runicorn.cli.collection_pause import collections_paused


@pytest.fixture(autouse=True)
def _same_collector() -> Iterator[None]:
    is_on = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if is_on else gc.disable)()


def test_imported_modules_are_left_out_of_later_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.enable()
    gc.unfreeze()
    with collections_paused():
        assert not gc.isenabled()
        monkeypatch.setitem(sys.modules, "just_imported", ModuleType("just_imported"))
    assert gc.isenabled() and gc.get_freeze_count() > 0


def test_without_an_import_nothing_is_left_out() -> None:
    gc.unfreeze()
    before = gc.get_freeze_count()  # no process is without any in every version of Python
    with collections_paused():
        pass
    assert gc.get_freeze_count() == before


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    with collections_paused():
        pass
    assert not gc.isenabled()
