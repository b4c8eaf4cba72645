"""The allocator's limits: what a large response took is returned to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Threads that each keep a small object above large ones: what lies between is free and stays with glibc by default.
PROGRAM = """
import ctypes, sys, threading
import psutil
from runicorn_site.server.limits import limit_allocator

if sys.argv[1] == "limited":
    assert limit_allocator()
kept = []

def respond():
    for size in (200_000, 4_000_000, 30_000_000):
        buffers = [bytearray(size) for _ in range(40_000_000 // size + 1)]
        kept.append(bytearray(1_000))
        del buffers

for _ in range(6):
    thread = threading.Thread(target=respond)
    thread.start()
    thread.join()
print(psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_buffers_of_many_threads_are_returned_to_the_system() -> None:
    resident = {
        mode: int(
            subprocess.run([sys.executable, "-c", PROGRAM, mode], check=True, capture_output=True).stdout
        )
        for mode in ("default", "limited")
    }
    assert resident["limited"] < resident["default"] - 10_000_000
