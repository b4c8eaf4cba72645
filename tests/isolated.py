"""A pytest plugin: no test sees or touches the configuration and data of the person who runs it.

pytest-django reads the settings before it reads any `conftest.py`. A plugin named in pytest's options comes first.
It is also the place for what all processes of a session share, and for what comes before all imports.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="runicorn-tests-"))
for _name in [name for name in os.environ if name.startswith("RUNICORN_") and "TEST" not in name]:
    del os.environ[_name]
os.environ["RUNICORN_DATA_DIR"] = str(HOME / "data")
os.environ["RUNICORN_CONFIG_DIR"] = str(HOME / "config")
if _url := os.environ.get("RUNICORN_TEST_DATABASE_URL"):  # the tests of this process on another database
    os.environ["RUNICORN_DATABASE_URL"] = _url
# Inherited by the processes that pytest-xdist starts: where tests/prepared.py keeps its database.
os.environ.setdefault("RUNICORN_TEST_PREPARED", str(HOME / "prepared"))
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets its jobs in the background ignore Ctrl-C, and programs that the tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
gc.disable()  # what is imported and collected stays: nothing is to be looked for among it


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
