"""Run a script as `python SCRIPT` does, with the shims of other trackers."""

from __future__ import annotations

import argparse
import io
import os
import runpy
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

from runicorn.compat.finder import install, install_in_children
from runicorn.store.notices import say

NOT_AVAILABLE = 4
TRACKERS = ("wandb", "trackio", "tensorboard", "mlflow")


def main(arguments: Sequence[str]) -> None:
    """Run `[--also TRACKER] [--storage DIR] SCRIPT [ARG …]` or `-m MODULE [ARG …]`.

    Raises:
        SystemExit: the script ended so, or it does not exist.
    """
    parser = argparse.ArgumentParser(prog="python -m runicorn.compat")
    parser.add_argument("--also", action="append", choices=TRACKERS, default=[])
    parser.add_argument("--storage", help="the storage root of the runs")
    parser.add_argument("-m", dest="is_module", action="store_true")
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if options.also:
        os.environ["RUNICORN_ALSO"] = ",".join(options.also)
    if options.storage:
        os.environ["RUNICORN_DIR"] = os.path.abspath(options.storage)
    install()
    install_in_children()
    run(options.script, options.arguments, is_module=options.is_module)


def run(script: str, arguments: Sequence[str], *, is_module: bool = False) -> None:
    """Run a script, or a module by its name, as the main program of this process.

    Raises:
        SystemExit: the script ended so, or it does not exist.
    """
    sys.argv[:] = [script, *arguments]
    try:
        if is_module:
            runpy.run_module(script, run_name="__main__", alter_sys=True)
        else:
            _run_file(script)
    except SystemExit as error:
        _exit(error.code)
    finally:
        _hide_frames_of_the_runner()


def _run_file(script: str) -> None:
    """Execute a file in a new `__main__`, which stays until the process ends: threads and exit functions need it."""
    if os.path.isdir(script) or script.endswith((".zip", ".pyz")):
        runpy.run_path(script, run_name="__main__")
        return
    try:
        with io.open_code(os.path.abspath(script)) as file:
            code = compile(file.read(), script, "exec")
    except OSError as error:
        say(f"{script} cannot be read: {error.strerror}.")
        sys.exit(NOT_AVAILABLE)
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    module = ModuleType("__main__")
    module.__dict__.update(__file__=script, __builtins__=__builtins__, __spec__=None, __loader__=None)
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def _exit(code: Any) -> NoReturn:
    # By `sys.exit`, whose code the end of a run is derived from; under `python -m` a bare exception is not noticed.
    sys.exit(code)


def _hide_frames_of_the_runner() -> None:
    """Print the traceback that `python SCRIPT` would."""
    show = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        last = trace
        while last is not None and _is_ours(last):
            last = last.tb_next
        # An error of the runner itself, or a syntax error of the script, which has no frame of it.
        remaining_trace = None if isinstance(error, SyntaxError) and last is None else last or trace
        try:
            show(kind, error.with_traceback(remaining_trace), remaining_trace)
        finally:
            error.with_traceback(trace)  # by which the end of a run recognises an uncaught exception
        if isinstance(error, KeyboardInterrupt):
            _end_by_signal()

    sys.excepthook = hook


def _end_by_signal() -> None:
    """Let the process end by SIGINT, as a script does; CPython notes that for code from a string, not for modules."""
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")


def _is_ours(trace: TracebackType) -> bool:
    name = trace.tb_frame.f_code.co_filename
    return name.startswith("<frozen ") or Path(name).parent == Path(__file__).parent
