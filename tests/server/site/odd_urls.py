"""The site's addresses and some that behave badly, for tests of what stands around views."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator

from django.core.exceptions import RequestDataTooBig, SuspiciousFileOperation
from django.db import IntegrityError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from remote.errors import HostUnreachable
from remote.services import connections
from runicorn_site.urls import handler400, handler403, handler404, handler500
from runicorn_site.urls import urlpatterns as usual
from runicorn_site.web.pools import blocking

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

PIECE = b"x" * 65536
released = threading.Event()


@blocking
def hang(request: HttpRequest) -> HttpResponse:
    """Waits for something outside until `/release`."""
    released.wait(60)
    return HttpResponse("released")


def release(request: HttpRequest) -> HttpResponse:
    """Let all hanging views go on."""
    released.set()
    return HttpResponse("ok")


async def pieces(count: int) -> AsyncIterator[bytes]:
    """`count` pieces of 64 KiB."""
    for _ in range(count):
        yield PIECE
        await asyncio.sleep(0)


def download(request: HttpRequest, count: int) -> StreamingHttpResponse:
    """A download as it should be made."""
    return StreamingHttpResponse(pieces(count), content_type="application/octet-stream")


def sync_pieces(count: int) -> Iterator[bytes]:
    """Small pieces from a plain generator that asks the database now and then."""
    for number in range(count):
        if number % 1000 == 0:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        yield b"%09d\n" % number


def sync_stream(request: HttpRequest, count: int) -> StreamingHttpResponse:
    """A stream as most Django code makes it."""
    return StreamingHttpResponse(sync_pieces(count), content_type="text/plain")


def open_streams(request: HttpRequest) -> HttpResponse:
    """How many streams have a thread right now."""
    return HttpResponse(str(sum(thread.name.startswith("stream") for thread in threading.enumerate())))


def broken_stream(request: HttpRequest) -> StreamingHttpResponse:
    """A stream that fails after its first piece."""

    def failing() -> Iterator[bytes]:
        yield PIECE
        raise RuntimeError("secret")

    return StreamingHttpResponse(failing())


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    """The number of bytes that came."""
    return HttpResponse(str(len(request.body)))


class Fails(APIView):
    """An API view that raises what the address says, and a `KeyError` at one that says nothing it knows."""

    schema = None
    errors = {
        "bug": RuntimeError("secret /home/user/file"),
        "locked": OperationalError("database is locked"),
        "conflict": IntegrityError("UNIQUE constraint failed"),
        "missing": Http404("secret"),
        "input": ValidationError({"tags": ["Not a list."]}),
        "sentence": ValidationError("One sentence."),
        "suspicious": SuspiciousFileOperation("secret /home/user/file"),
        "large": RequestDataTooBig("Request body exceeded settings.DATA_UPLOAD_MAX_MEMORY_SIZE."),
        "foreseen": HostUnreachable("The other machine is asleep."),
    }

    def get(self, request: Request, kind: str) -> Response:
        """Raise."""
        raise self.errors[kind]


def spoil_the_end(request: HttpRequest, way: str) -> HttpResponse:
    """From now on the end of the connections to other machines hangs, or fails."""

    def stop(timeout: float) -> None:
        if way == "hangs":
            time.sleep(60)
        raise OSError("the end of the connections failed")

    connections.stop = stop
    return HttpResponse("spoilt")


def page_fails(request: HttpRequest, kind: str) -> HttpResponse:
    """A page that raises what the address says."""
    raise Fails.errors[kind]


class Long(APIView):
    """An API view with a long list, and with numbers that JSON has no word for."""

    schema = None

    def get(self, request: Request) -> Response:
        """Five hundred items."""
        items = [{"number": number} for number in range(500)]
        return Response({"items": items, "nan": float("nan"), "huge": 2**70})


urlpatterns = [
    path("hang", hang),
    path("release", release),
    path("spoil-the-end/<str:way>", spoil_the_end),
    path("download/<int:count>", download),
    path("sync-stream/<int:count>", sync_stream),
    path("open-streams", open_streams),
    path("broken-stream", broken_stream),
    path("api/echo", echo),
    path("api/fails/<str:kind>", Fails.as_view()),
    path("api/plain-fails/<str:kind>", page_fails),
    path("page-fails/<str:kind>", page_fails),
    path("api/long", Long.as_view()),
    *usual,
]
