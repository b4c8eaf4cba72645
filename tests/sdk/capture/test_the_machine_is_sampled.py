"""Samples of CPU, memory and GPUs, as journal events of type `system`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.capture import gpu, sampler
from runicorn.capture.process_stats import (
    Counters,
    ProcSource,
    PsutilSource,
    Source,
    TimesSource,
    Usage,
    best_source,
)
from runicorn.capture.sampler import Sampler
from tests.sdk.tracking.scripts import Script
from tests.waiting import until

CARDS = """printf '%s\\n' '0, GPU-aaaa, 50, 1024, 4096, 60, 100.5' '1, GPU-bbbb, 0, 0, 4096, [N/A], [N/A]'"""
ALWAYS = {
    "system/cpu_percent",
    "system/memory_mib",
    "system/memory_percent",
    "system/host_cpu_percent",
    "system/host_memory_percent",
}
UNTIL_SAMPLED = (
    "end = time.monotonic() + 60\n"
    "journal = run.run_dir / 'events.jsonl'\n"
    "while time.monotonic() < end and not (journal.exists() and 'system' in journal.read_text()):\n"
    "    sum(range(99999))\n"
    "    time.sleep(0.001)\n"  # other threads may be let on a tenth of a second after each of their system calls
)


def test_a_run_has_samples_a_second_after_its_start(script: Callable[..., Script]) -> None:
    ended = script(
        "run = rn.init()\nbegan, had = time.monotonic(), time.process_time()\n"
        + UNTIL_SAMPLED
        # A loaded machine gives it little of a core.
        + "print(100 * (time.process_time() - had) / (time.monotonic() - began))"
    )
    assert ended.end() == 0, ended.stderr
    (sample,) = ended.run.events("system")
    assert set(sample) >= ALWAYS
    assert sample["system/cpu_percent"] > float(ended.stdout) / 4
    assert 5 < sample["system/memory_mib"] < 500
    assert all(0 <= sample[name] <= 100 for name in ALWAYS - {"system/cpu_percent", "system/memory_mib"})


def test_nothing_is_sampled_when_it_is_not_wanted(begin: Callable[..., rn.Run]) -> None:
    before = threading.enumerate()
    with begin(system_metrics=False, capture_env=False) as run:
        threads = [thread.name for thread in threading.enumerate() if thread not in before]
        assert threads in ([], ["runicorn-sync"])
    assert not (run.run_dir / "events.jsonl").exists()


def test_samples_come_at_their_interval_until_it_is_stopped() -> None:
    samples: list[dict[str, float]] = []
    stopped = threading.Event()
    thread = threading.Thread(target=Sampler(samples.append, interval=0.05, first=0.01).run, args=(stopped,))
    thread.start()
    until(lambda: len(samples) >= 5)
    stopped.set()
    thread.join(60)
    assert not thread.is_alive()
    assert all("system/cpu_percent" in sample for sample in samples)


def test_a_forked_child_does_not_sample(script: Callable[..., Script]) -> None:
    ended = script(
        "import threading\nrun = rn.init(capture_env=False)\npid = os.fork()\n"
        "if pid == 0: os._exit(threading.active_count() - 1)\n"
        "print(os.waitpid(pid, 0)[1])"
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "0\n"


def test_ending_does_not_wait_for_a_driver_that_hangs(
    begin: Callable[..., rn.Run],
    program: Callable[[str, str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program("nvidia-smi", f"touch {tmp_path}/asked; sleep 60")
    monkeypatch.setattr(Sampler.__init__, "__kwdefaults__", {"interval": 10.0, "first": 0.01})
    monkeypatch.setattr(gpu.query, "__defaults__", (60.0,))  # it is not its own patience that ends
    run = begin(capture_env=False)
    until((tmp_path / "asked").exists)
    began = time.monotonic()
    run.finish()
    assert time.monotonic() - began < 20


def test_a_driver_that_does_not_answer_is_left_alone_for_a_while(
    program: Callable[[str, str], Path], tmp_path: Path
) -> None:
    program("nvidia-smi", f"echo x >> {tmp_path}/asked; exit 1")
    sampler = Sampler(lambda _: None)
    assert set(sampler.sample()) | set(sampler.sample()) == ALWAYS
    assert (tmp_path / "asked").read_text() == "x\n"


def test_the_gpus_of_the_process_are_sampled(
    program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("nvidia-smi", CARDS)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    sample = Sampler(lambda _: None).sample()
    assert {name: value for name, value in sample.items() if "gpu" in name} == {
        "system/gpu0_percent": 50,
        "system/gpu0_memory_mib": 1024,
        "system/gpu0_memory_percent": 25,
        "system/gpu0_temperature_c": 60,
        "system/gpu0_power_w": 100.5,
        "system/gpu1_percent": 0,
        "system/gpu1_memory_mib": 0,
        "system/gpu1_memory_percent": 0,
    }
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert {name[:11] for name in Sampler(lambda _: None).sample() if "gpu" in name} == {"system/gpu1"}


@pytest.mark.parametrize(
    ("chosen", "indices"),
    [
        (None, ["0", "1"]),
        ("", []),
        ("-1", []),
        ("1", ["1"]),
        ("1, 0", ["1", "0"]),
        ("GPU-bb", ["1"]),
        ("0,7,1", ["0"]),
        ("0,0", ["0"]),
    ],
)
def test_visible_gpus_are_numbered_as_by_the_driver(chosen: str | None, indices: list[str]) -> None:
    cards = [{"index": "0", "uuid": "GPU-aaaa"}, {"index": "1", "uuid": "GPU-bbbb"}]
    variables = {} if chosen is None else {"CUDA_VISIBLE_DEVICES": chosen}
    assert [card["index"] for card in gpu.visible(cards, variables)] == indices


def test_the_work_of_children_counts(script: Callable[..., Script]) -> None:
    ended = script(
        "import subprocess\nfrom runicorn.capture.process_stats import Usage, best_source\n"
        "usage = Usage(best_source(os.getpid()))\nusage.values()\n"
        "child = subprocess.Popen([sys.executable, '-c', 'while True: pass'])\n"
        "percent = 0\n"
        "while percent < 5: time.sleep(1); percent = usage.values()['cpu_percent']\n"
        "child.kill(); child.wait()\nprint('worked')"
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "worked\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="there is no /proc here")
def test_the_sources_agree() -> None:
    ours, theirs = ProcSource(os.getpid()).read(), PsutilSource(os.getpid()).read()
    assert ours.cpu == pytest.approx(theirs.cpu, abs=2)
    assert ours.memory == pytest.approx(theirs.memory, rel=0.2)
    assert ours.host_memory == theirs.host_memory
    assert ours.host_available == pytest.approx(theirs.host_available, rel=0.2)
    assert ours.host is not None and theirs.host is not None
    assert ours.host[1] == pytest.approx(theirs.host[1], rel=0.01)
    # It knows nothing of children that still run, such as the servers of other tests.
    assert 0 < TimesSource().read().cpu <= ours.cpu + 2
    assert isinstance(best_source(os.getpid()), ProcSource)


@pytest.mark.parametrize("source", [ProcSource(2**22 - 1), PsutilSource(os.getpid())])
def test_a_process_that_is_gone_is_an_error_of_the_system(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(source, PsutilSource):
        import psutil

        def raise_no_such_process() -> None:
            raise psutil.NoSuchProcess(1)

        monkeypatch.setattr(source._process, "memory_info", raise_no_such_process)
    with pytest.raises(OSError):
        source.read()


def test_percentages_never_leave_their_range() -> None:
    class FakeSource:
        def __init__(self, *readings: Counters) -> None:
            self.readings = list(readings)

        def read(self) -> Counters:
            return self.readings.pop(0)

    usage = Usage(
        FakeSource(Counters(5.0, 10, (1.0, 1.0), 0, 0), Counters(4.0, 10, (0.5, 1.0), 100, 30), Counters(4.0))
    )
    usage.values()
    assert usage.values() == {
        "cpu_percent": 0.0,
        "host_cpu_percent": 0.0,
        "memory_mib": 0.0,
        "memory_percent": 10.0,
        "host_memory_percent": 70.0,
    }
    assert set(usage.values()) == {"cpu_percent"}


def test_a_machine_that_tells_nothing_gives_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hidden:
        def read(self) -> Counters:
            raise PermissionError(13, "no")

    monkeypatch.setattr(sampler, "best_source", lambda _: Hidden())
    monkeypatch.setenv("PATH", "/nowhere")
    samples: list[dict[str, float]] = []
    stopped = threading.Event()
    fast_sampler = Sampler(samples.append, interval=0.01, first=0.0)
    thread = threading.Thread(target=fast_sampler.run, args=(stopped,))
    thread.start()
    stopped.wait(0.1)
    stopped.set()
    thread.join(60)
    assert samples == [] and not thread.is_alive()


def test_samples_are_no_metrics(script: Callable[..., Script]) -> None:
    ended = script(f"run = rn.init(capture_env=False)\nrun.log(loss=1.0)\n{UNTIL_SAMPLED}run.log(loss=0.5)")
    assert ended.end() == 0, ended.stderr
    assert ended.run.steps() == [1, 2]
    assert len(ended.run.events("system")) == 1
