"""What a large response took is freed at once, and returned to the system."""

from __future__ import annotations

import gc
import io
import platform
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from runicorn_site.transport.dispatch import OneHop


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Frees memory by reference counts alone; requests keep the database in memory."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/health", "/api/runs/20260101_000000_abcdef"])
def test_an_answer_of_the_api_is_freed_without_the_garbage_collector(
    store: object, no_collector: None, path: str
) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ["127.0.0.1", 1],
    }
    handler = OneHop()
    handler.answer(scope, io.BytesIO())  # what is imported and cached by the first request stays
    response = handler.answer(scope, io.BytesIO())
    assert response.status_code in (200, 404)
    alive = weakref.ref(response)
    del response
    assert alive() is None


# Threads that each keep a small object above large ones: what lies between is free and stays with glibc by default, as
# the first, largest buffer raises the size above which a buffer lies outside the heaps.
PROGRAM = """
import sys, threading
import psutil
from runicorn_site.server.limits import limit_allocator

if sys.argv[1] == "limited":
    assert limit_allocator()
kept = []
together = threading.Barrier(6)

def respond():
    for size in (30_000_000, 4_000_000, 300_000):
        buffers = [bytearray(size) for _ in range(40_000_000 // size + 1)]
        kept.append(bytearray(1_000))
        together.wait()
        del buffers

threads = [threading.Thread(target=respond) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
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
    assert resident["limited"] < resident["default"] / 4


# The small buffers of one response after another, as the charts of 50 runs need them.
RESPONSES = """
import resource
from runicorn_site.server.limits import limit_allocator

assert limit_allocator()

def faults_of_a_response():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    buffers = [bytearray(100_000) for _ in range(250)]
    del buffers
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(max([faults_of_a_response() for _ in range(5)][1:]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_the_memory_of_charts_is_kept_for_the_next_response() -> None:
    printed = subprocess.run([sys.executable, "-c", RESPONSES], check=True, capture_output=True).stdout
    assert int(printed) < 100  # of the 6,000 pages of its buffers


# Freed buffers between small ones that stay, as the scan of a large store leaves them.
HOLES = """
import psutil
from runicorn_site.server.limits import return_free_memory

buffers = [bytearray(16_000 if number % 2 else 600) for number in range(10_000)]
del buffers[1::2]
before = psutil.Process().memory_info().rss
return_free_memory()
print(before - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_memory_between_what_is_in_use_is_returned_to_the_system() -> None:
    printed = subprocess.run([sys.executable, "-c", HOLES], check=True, capture_output=True).stdout
    assert int(printed) > 40_000_000  # of the 80 MB of the freed buffers
