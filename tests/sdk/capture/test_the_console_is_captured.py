"""What a program prints is on its terminal as before, and in the log of its run."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable

import pytest

from runicorn.capture.console import Console
from tests.sdk.tracking.scripts import Script

CAPTURED = "import logging, threading\nrun = rn.init(capture_console=True, capture_env=False, system_metrics=False)\n"


def _lines(script: Script) -> list[str]:
    """The log without its times, of a script that ended well."""
    assert script.end() == 0, script.stderr
    lines = script.run.log().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d \| ", line) for line in lines), lines
    return [line[11:] for line in lines]


def test_both_streams_are_logged_and_shown(script: Callable[..., Script]) -> None:
    ended = script(f"{CAPTURED}print('out', 1)\nprint('err', file=sys.stderr)\nprint('no newline', end='')")
    assert _lines(ended) == ["out 1", "err", "no newline"]
    assert ended.stdout == "out 1\nno newline"
    assert ended.stderr.endswith("err\n")


def test_nothing_is_logged_when_it_is_not_wanted(script: Callable[..., Script]) -> None:
    ended = script("run = rn.init()\nprint('out')\nprint(sys.stdout.write.__class__.__name__)")
    assert ended.end() == 0
    assert ended.stdout == "out\nbuiltin_function_or_method\n"
    assert not (ended.run.path / "logs.txt").exists()


def test_texts_of_log_text_stand_between_what_is_printed(script: Callable[..., Script]) -> None:
    ended = script(f"{CAPTURED}print('one')\nrun.log_text('two')\nprint('three')")
    assert _lines(ended) == ["one", "two", "three"]
    assert ended.stdout == "one\nthree\n"


def test_a_logging_handler_from_before_is_heard(script: Callable[..., Script]) -> None:
    ended = script(
        "import logging\nlogging.basicConfig(format='%(message)s')\nold = sys.stderr\n"
        f"{CAPTURED}logging.warning('a warning')\nold.write('by the old name\\n')\nold.writelines(['x\\n', 'y\\n'])"
    )
    assert _lines(ended) == ["a warning", "by the old name", "x", "y"]


def test_the_streams_are_restored_when_the_run_has_ended(script: Callable[..., Script]) -> None:
    ended = script(
        f"before = (sys.stdout, sys.stderr)\n{CAPTURED}print('during')\nrun.finish()\nprint('after')\n"
        "print((sys.stdout, sys.stderr) == before, 'write' in vars(sys.stdout), 'write' in vars(sys.stderr))"
    )
    assert _lines(ended) == ["during"]
    assert ended.stdout == "during\nafter\nTrue False False\n"


def test_a_wrapper_that_came_later_stays_and_one_that_came_before_is_given_back(
    script: Callable[..., Script],
) -> None:
    ended = script(
        "class Wrapper:\n"
        "    def __init__(self, inner): self.inner = inner\n"
        "    def write(self, text): return self.inner.write(text.upper())\n"
        "    def flush(self): self.inner.flush()\n"
        "earlier = sys.stdout.write\n"
        "def mine(text): return earlier(text.replace('a', 'A'))\n"
        "sys.stdout.write = mine\n"
        f"{CAPTURED}sys.stdout = later = Wrapper(sys.stdout)\nprint('banana')\nrun.finish()\nprint('banana')\n"
        "print(sys.stdout is later, later.inner.write is mine)"
    )
    assert _lines(ended) == ["BANANA"]
    assert ended.stdout == "BANANA\nBANANA\nTRUE TRUE\n"


def test_a_write_that_was_replaced_after_ours_keeps_working(script: Callable[..., Script]) -> None:
    ended = script(
        f"{CAPTURED}ours = sys.stdout.write\nsys.stdout.write = lambda text: ours(text)\nprint('during')\n"
        "run.finish()\nprint('after')"
    )
    assert _lines(ended) == ["during"]
    assert ended.stdout == "during\nafter\n"


def test_output_that_was_redirected_elsewhere_is_not_the_terminals(script: Callable[..., Script]) -> None:
    ended = script(
        f"{CAPTURED}import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as text:\n    print('hidden')\n"
        "print('shown')"
    )
    assert _lines(ended) == ["shown"]


def test_two_runs_each_log_while_they_are_open(script: Callable[..., Script], folder: object) -> None:
    ended = script(
        "a = rn.init(name='a', capture_console=True, capture_env=False)\nprint('one')\n"
        "b = rn.init(name='b', capture_console=True)\nprint('two')\na.finish()\nprint('three')\nb.finish()\n"
        "print('write' in vars(sys.stdout))"
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout.endswith("three\nFalse\n")
    logs = {path.parts[-4]: path.read_text() for path in ended.root.glob("*/*/runs/*/logs.txt")}
    assert [line[11:] for line in logs["a"].splitlines() if "runicorn:" not in line] == ["one", "two"]
    assert [line[11:] for line in logs["b"].splitlines()] == ["two", "three"]


def test_one_stream_for_both_is_logged_once(script: Callable[..., Script]) -> None:
    ended = script(f"sys.stderr = sys.stdout\n{CAPTURED}print('out')\nprint('err', file=sys.stderr)")
    assert _lines(ended) == ["out", "err"]


def test_missing_streams_cause_no_warning(script: Callable[..., Script]) -> None:
    ended = script(f"sys.stdout = sys.stderr = None\n{CAPTURED}print('into the void')\nrun.log(loss=1.0)")
    assert ended.end() == 0
    assert len(ended.run.events()) == 1


def test_threads_never_mix_their_lines(script: Callable[..., Script]) -> None:
    ended = script(
        f"{CAPTURED}"
        "def work(n):\n    for m in range(500): sys.stdout.write(f'thread {n} line {m}\\n')\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]"
    )
    lines = _lines(ended)
    assert len(lines) == 4000 and len(set(lines)) == 4000
    for n in range(8):
        assert [line for line in lines if line.startswith(f"thread {n} ")] == [
            f"thread {n} line {m}" for m in range(500)
        ]


def test_a_forked_child_is_logged_and_does_not_repeat_what_was_held_back(
    script: Callable[..., Script],
) -> None:
    ended = script(
        f"{CAPTURED}print('begun ', end='')\nsys.stdout.flush()\npid = os.fork()\n"
        "if pid == 0:\n    print('of the child')\n    sys.stdout.flush()\n    os._exit(0)\nos.waitpid(pid, 0)\nprint('by the parent')"
    )
    assert _lines(ended) == ["of the child", "begun by the parent"]


@pytest.mark.parametrize(
    "text",
    [
        f"{CAPTURED}raise ValueError('out of luck')",
        "with rn.init(capture_console=True, capture_env=False) as run:\n    raise ValueError('out of luck')",
    ],
)
def test_the_traceback_of_a_crash_is_in_the_log(script: Callable[..., Script], text: str) -> None:
    ended = script(text)
    assert ended.end() == 1
    lines = [line[11:] for line in ended.run.log().splitlines()]
    assert (lines[0], lines[-1]) == ("Traceback (most recent call last):", "ValueError: out of luck")
    assert ended.stderr.count("Traceback") == 1


def test_a_broken_log_neither_stops_printing_nor_echoes(script: Callable[..., Script]) -> None:
    ended = script(
        f"{CAPTURED}import shutil\nos.mkdir(run.run_dir / 'logs.txt')\n"
        "for n in range(100): print('line', n)\nrun.log(loss=1.0)"
    )
    assert ended.end() == 0
    assert ended.stdout.splitlines() == [f"line {n}" for n in range(100)]
    assert ended.stderr.count("cannot write to") == 1
    assert "100 texts of the log" in ended.stderr


def test_printing_from_a_signal_handler_and_a_finalizer_never_hangs(script: Callable[..., Script]) -> None:
    ended = script(
        f"{CAPTURED}"
        "signal.signal(signal.SIGALRM, lambda *_: sys.stdout.write('alarm\\n'))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n"
        "class Loud:\n    def __del__(self): sys.stderr.write('bye\\n')\n"
        "end = time.monotonic() + 0.5\n"
        "while time.monotonic() < end:\n    Loud(); sys.stderr.write('work\\n')\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
    )
    lines = _lines(ended)
    assert set(lines) == {"work", "bye", "alarm"}
    assert lines.count("work") == lines.count("bye") > 10


def test_a_bar_is_in_the_log_as_snapshots_and_at_its_end(script: Callable[..., Script]) -> None:
    ended = script(
        "from runicorn.capture import console\nconsole.SNAPSHOT, console.REST = 0.2, 0.05\n"
        f"{CAPTURED}from tqdm import tqdm\n"
        "for _ in tqdm(range(40), ascii=True, ncols=60, mininterval=0, desc='epoch'): time.sleep(0.02)\n"
        "while run.log_text('waiting') or 'epoch: 100%' not in open(run.run_dir / 'logs.txt').read(): time.sleep(0.02)\n"
    )
    bars = [line for line in _lines(ended) if line != "waiting"]
    assert 2 <= len(bars) < 40  # not one for each of its states
    assert len(set(bars)) == len(bars)
    assert bars[-1].startswith("epoch: 100%")


def test_text_that_is_no_unicode_and_no_text_behave_as_without_us(script: Callable[..., Script]) -> None:
    ended = script(
        f"{CAPTURED}print('before')\n"
        "for odd in (b'bytes', 5, None):\n"
        "    try: sys.stdout.write(odd)\n    except TypeError: print('refused')\n"
        "sys.stdout.reconfigure(errors='replace')\nprint('half \\ud800 a pair')"
    )
    assert _lines(ended) == ["before", "refused", "refused", "refused", "half ? a pair"]


def test_a_program_that_waits_for_input_is_not_disturbed(script: Callable[..., Script]) -> None:
    waiting = script(f"{CAPTURED}print('question?', flush=True)\nprint('answer:', input())")
    assert waiting.hear() == "question?"
    waiting.tell("42")
    assert _lines(waiting) == ["question?", "answer: 42"]


def test_a_stream_of_a_notebook_is_captured_and_given_back() -> None:
    """ipykernel's stream is a Python object with a `write` of its class, as this one."""

    class OutStream(io.TextIOBase):
        def __init__(self) -> None:
            self.texts: list[str] = []

        def write(self, text: str) -> int:
            self.texts.append(text)
            return len(text)

    stream, lines = OutStream(), []
    before = sys.stdout
    sys.stdout = stream
    try:
        console = Console(lines.append)
        assert console.start()
        sys.stdout.writelines(["in a cell\n"])
        console.stop()
        sys.stdout.write("after\n")
    finally:
        sys.stdout = before
    assert lines == ["in a cell"]
    assert "".join(stream.texts) == "in a cell\nafter\n"
    assert "write" not in vars(stream)
