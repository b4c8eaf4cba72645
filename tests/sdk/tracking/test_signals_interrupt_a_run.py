"""Ctrl-C and SIGTERM: the run is interrupted, and the process ends as it would without us."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from tests.sdk.tracking.scripts import Script

WAITS = "print('ready', flush=True)\nwhile True:\n    time.sleep(0.05)\n"


def _signalled(script: Script, number: int) -> int:
    assert script.hear() == "ready", script.end() or script.stderr
    script.signal(number)
    return script.end()


def test_ctrl_c_interrupts(script: Callable[..., Script]) -> None:
    ended = script(f"run = rn.init()\n{WAITS}")
    assert _signalled(ended, signal.SIGINT) == -signal.SIGINT
    assert (ended.run.status, ended.run.reason) == ("interrupted", "KeyboardInterrupt")


def test_ctrl_c_during_a_fork_is_not_lost(script: Callable[..., Script]) -> None:
    # Without a run and its threads, with which Python loses it itself from 3.12 on, in its warning about such forks;
    # by ctypes, since `os.kill` would raise KeyboardInterrupt in the hook.
    ended = script(
        "import ctypes, functools, runicorn.capture.background\n"
        "ctrl_c = functools.partial(getattr(ctypes.CDLL(None), 'raise'), signal.SIGINT)\n"
        "os.register_at_fork(before=ctrl_c)\nos.fork() or os._exit(0)"
    )
    assert ended.end() == -signal.SIGINT, ended.stderr


def test_sigterm_interrupts_and_stays_a_signal(script: Callable[..., Script]) -> None:
    ended = script(f"run = rn.init()\nrun.log(loss=1.0)\n{WAITS}")
    assert _signalled(ended, signal.SIGTERM) == -signal.SIGTERM
    assert (ended.run.status, ended.run.reason) == ("interrupted", "SIGTERM")


def test_sigterm_in_the_middle_of_logging_waits_for_nothing(script: Callable[..., Script]) -> None:
    ended = script(
        "import threading\nrun = rn.init()\nrun.set_primary_metric('loss', 'min')\n"
        "def work():\n    while True: run.log(loss=1.0); run.summary({'a': 1})\n"
        "threading.Thread(target=work, daemon=True).start()\nprint('ready', flush=True)\nwork()"
    )
    assert ended.hear() == "ready"
    began = time.monotonic()
    ended.signal(signal.SIGTERM)
    assert ended.end() == -signal.SIGTERM
    assert time.monotonic() - began < 20
    assert ended.run.status == "interrupted"


def test_sigterm_during_an_import_waits_for_the_samples(script: Callable[..., Script]) -> None:
    # The thread that writes samples imports what images need: it must not wait for the import that the signal interrupts.
    ended = script(
        "import importlib.abc, threading\n"
        "importing = threading.Event()\n"
        "class Slow(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'runicorn.media.histograms':\n"
        "            importing.set()\n"
        "            print('ready', flush=True)\n"
        "            for _ in range(600): time.sleep(0.05)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "class Picture:\n"
        "    @property\n"
        "    def mode(self): return importing.wait(0 if threading.current_thread() is threading.main_thread() else 60)\n"
        "    def save(self, file, *arguments, **options): file.write(b'x')\n"
        "run = rn.init()\n"
        "run.log_samples('s', [{'image': Picture()} for _ in range(3)], step=1)\n"
        "run.log_histogram('h', [1, 2, 3])"
    )
    assert _signalled(ended, signal.SIGTERM) == -signal.SIGTERM
    assert ended.run.status == "interrupted"


def test_an_earlier_handler_is_called_after_ours(script: Callable[..., Script]) -> None:
    ended = script(
        "def before(number, frame):\n"
        "    print((run.run_dir / 'status.json').read_text())\n    sys.exit(7)\n"
        f"signal.signal(signal.SIGTERM, before)\nrun = rn.init()\n{WAITS}"
    )
    assert _signalled(ended, signal.SIGTERM) == 7
    assert '"interrupted"' in ended.stdout and ended.run.status == "interrupted"


def test_a_handler_that_goes_on_may_still_log(script: Callable[..., Script]) -> None:
    ended = script(
        "over = []\nsignal.signal(signal.SIGTERM, lambda *about: over.append(1))\n"
        "run = rn.init()\nprint('ready', flush=True)\n"
        "while not over: time.sleep(0.05)\nrun.log(loss=1.0); run.finish()"
    )
    assert _signalled(ended, signal.SIGTERM) == 0
    assert ended.run.status == "interrupted" and ended.run.steps() == [1]


def test_a_later_handler_that_calls_ours_does_so_once(script: Callable[..., Script]) -> None:
    ended = script(
        "a = rn.init()\nours = signal.getsignal(signal.SIGTERM)\n"
        "def later(number, frame):\n    print('later', flush=True); ours(number, frame)\n"
        f"signal.signal(signal.SIGTERM, later)\na.finish()\nb = rn.init(run_id=a.id, resume=True)\n{WAITS}"
    )
    assert _signalled(ended, signal.SIGTERM) == -signal.SIGTERM
    assert ended.stdout.split() == ["later"] and ended.run.status == "interrupted"


def test_an_ignored_sigterm_stays_ignored(script: Callable[..., Script]) -> None:
    ended = script(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nrun = rn.init()\n"
        "os.kill(os.getpid(), signal.SIGTERM)\nrun.log(loss=1.0)"
    )
    assert ended.end() == 0 and ended.run.status == "finished"


def test_a_run_begun_in_a_thread_sets_no_handler(script: Callable[..., Script]) -> None:
    ended = script(
        "import threading\nt = threading.Thread(target=rn.init); t.start(); t.join()\n"
        "print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
    )
    assert ended.end() == 0 and ended.stdout == "True\n" and ended.run.status == "finished"


def test_the_handler_goes_with_the_last_run(script: Callable[..., Script]) -> None:
    ended = script(
        "a = rn.init('a'); b = rn.init('b')\n"
        "for run in (a, b):\n    run.finish(); print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
    )
    ended.end()
    assert ended.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGTERM)", "print('quiet')"])
def test_a_disabled_run_changes_nothing_about_the_end(script: Callable[..., Script], end: str) -> None:
    plain, disabled = script(end), script(f"rn.init(mode='disabled')\n{end}")
    assert plain.end() == disabled.end()
    assert (plain.stdout, plain.stderr) == (disabled.stdout, disabled.stderr)
