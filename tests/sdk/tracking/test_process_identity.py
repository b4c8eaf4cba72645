"""Whether the process that writes a run has ended, decided in one place."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from runicorn.store.process_identity import (
    GRACE_SECONDS,
    ProcessRecord,
    has_ended,
    is_alive,
    is_identified_here,
    is_in_grace,
    own_identity,
)
from tests.architecture.code_size import PACKAGES

PROJECT = Path(__file__).resolve().parents[3]
NO_PID = 2**22 - 1


def own(**changes: object) -> ProcessRecord:
    """Return the record of this process with some fields changed."""
    return ProcessRecord.from_dict({**own_identity(), **changes})


def test_this_process_is_alive() -> None:
    assert own().pid == os.getpid() and is_alive(own()) and not has_ended(own())


def test_a_pid_that_belongs_to_another_process_now_has_ended() -> None:
    start = own().process_start
    assert start is not None
    for changes in ({"process_start": start - 1}, {"boot_id": "another"}, {"pid": NO_PID}):
        assert has_ended(own(**changes)) and not is_alive(own(**changes)), changes


@pytest.mark.parametrize(
    "changes", [{"machine_id": "another"}, {"pid_namespace": "pid:[1]", "boot_id": "another"}]
)
def test_a_process_of_another_machine_or_namespace_is_neither_ended_nor_alive(
    changes: dict[str, str],
) -> None:
    process = own(pid=NO_PID, **changes)
    assert not (is_identified_here(process) or has_ended(process) or is_alive(process))


def test_a_process_known_by_its_host_name_has_ended_after_the_grace_period_only() -> None:
    import socket

    process = ProcessRecord(NO_PID, hostname=socket.gethostname())
    assert has_ended(process) and not is_identified_here(process)
    assert not has_ended(process._replace(hostname="another"))
    assert is_in_grace(process, 1000.0, 1000.0 + GRACE_SECONDS - 1)
    assert not is_in_grace(process, 1000.0, 1000.0 + GRACE_SECONDS)
    assert not is_in_grace(own(), 1000.0, 1000.0)


@pytest.mark.parametrize("pid", [0, -1, None, "7", True, 1.5])
def test_a_record_without_a_pid_is_neither_ended_nor_alive(pid: object) -> None:
    assert not (has_ended(own(pid=pid)) or is_alive(own(pid=pid)))


def test_values_of_a_wrong_type_are_unknown() -> None:
    assert ProcessRecord.from_dict({name: [] for name in ProcessRecord._fields}) == ProcessRecord()


def test_no_other_module_decides_whether_a_process_has_ended() -> None:
    question = re.compile(r"process_gone\(|os\.kill\(\w+, 0\)|pid_exists")
    deciding = {
        path.relative_to(PROJECT).as_posix()
        for package in PACKAGES
        for path in (PROJECT / package).rglob("*.py")
        if question.search(path.read_text(encoding="utf-8"))
    }
    assert deciding == {
        "runicorn/_platform/process.py",
        "runicorn/store/process_identity.py",
        "runicorn_importers/tensorboard/__init__.py",
    }
