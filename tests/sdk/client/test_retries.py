from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import runicorn.api as api
from runicorn.api.transport import FIRST_PAUSE, Transport
from tests.processes import free_port
from tests.sdk.client.recorder import Recorder, Says

CUT = Says(status=0)
GOOD = Says({"fine": True})


@pytest.mark.parametrize(
    "failures",
    [
        CUT,
        Says({"much": "text"}, whole=False),
        *(Says({"detail": "busy"}, code) for code in (429, 502, 503, 504)),
    ],
    ids=["cut", "half", "429", "502", "503", "504"],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_temporary_error_is_retried(
    recorder: Recorder, transport: Transport, waits: list[float], method: str, failures: Says
) -> None:
    recorder.say(failures, failures, GOOD)
    assert transport.json(method, "/api/thing") == {"fine": True}
    assert len(recorder.asked) == 3
    assert all(FIRST_PAUSE * 2**n / 2 <= pause <= FIRST_PAUSE * 2**n for n, pause in enumerate(waits))


def test_the_number_of_attempts_is_that_of_max_retries_and_one(
    recorder: Recorder, transport: Transport
) -> None:
    recorder.say(*[Says({"detail": "The database is busy."}, 503)] * 9)
    with pytest.raises(api.ServerError, match=r"The database is busy\.") as caught:
        transport.json("GET", "/api/thing")
    assert len(recorder.asked) == 4
    assert (caught.value.status, caught.value.payload) == (503, {"detail": "The database is busy."})
    recorder.asked.clear()
    with closing(Transport(recorder.url, 60, max_retries=0)) as once, pytest.raises(api.ServerError):
        once.json("GET", "/api/thing")
    assert len(recorder.asked) == 1


@pytest.mark.parametrize("failures", [CUT, Says({"detail": "busy"}, 503), Says({"detail": "slow down"}, 429)])
def test_requests_that_may_have_succeeded_are_not_repeated(
    recorder: Recorder, transport: Transport, failures: Says
) -> None:
    recorder.say(failures, GOOD)
    with pytest.raises(api.RunicornAPIError):
        transport.json("POST", "/api/thing", body={})
    assert len(recorder.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500, 501])
def test_an_error_that_a_retry_would_not_fix_is_raised_at_once(
    recorder: Recorder, transport: Transport, status: int
) -> None:
    recorder.say(Says({"detail": "No."}, status), GOOD)
    with pytest.raises(api.RunicornAPIError, match=r"No\."):
        transport.json("GET", "/api/thing")
    assert len(recorder.asked) == 1


def test_the_server_says_how_long_to_wait(
    recorder: Recorder, transport: Transport, waits: list[float]
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    recorder.say(*(Says({}, 429, {"Retry-After": text}) for text in ("60", soon, "0")), GOOD)
    transport.json("GET", "/api/thing")
    assert waits[0] == 60
    assert 5 <= waits[1] <= 30
    assert waits[2] == 0


def test_more_than_a_minute_is_not_waited_out(
    recorder: Recorder, transport: Transport, waits: list[float]
) -> None:
    body = {"detail": "Rate limit exceeded", "retry_after": 61}
    recorder.say(Says(body, 429, {"Retry-After": "61"}))
    with pytest.raises(api.RateLimitError, match="Rate limit exceeded") as caught:
        transport.json("GET", "/api/thing")
    assert (caught.value.retry_after, waits) == (61, [])


@pytest.mark.parametrize("text", ["soon", "-1", "", "9" * 40])
def test_a_wait_that_is_no_number_means_nothing(
    recorder: Recorder, transport: Transport, waits: list[float], text: str
) -> None:
    recorder.say(Says({}, 503, {"Retry-After": text}), GOOD)
    transport.json("GET", "/api/thing")
    assert waits[0] <= FIRST_PAUSE


def test_the_client_waits_between_attempts(
    recorder: Recorder, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    *others, sleep = Transport.__init__.__defaults__ or ()
    assert sleep is time.sleep
    monkeypatch.setattr(Transport.__init__, "__defaults__", (*others, waits.append))
    recorder.say(Says({}, 503, {"Retry-After": "1"}), GOOD)
    with api.RunicornClient(recorder.url) as client:
        assert client.get("/api/thing") == {"fine": True}
    assert waits == [1]


def test_an_unreachable_server_is_reported_in_a_sentence() -> None:
    port = free_port()
    with pytest.raises(api.ConnectionError, match=f"127.0.0.1:{port}: Connection refused") as caught:
        api.connect(f"http://name:secret@127.0.0.1:{port}", max_retries=0)
    assert "secret" not in str(caught.value)
    assert (caught.value.status, caught.value.payload) == (None, None)


def test_an_answer_that_does_not_come_is_not_asked_for_again(recorder: Recorder, waits: list[float]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        transport = Transport(url, timeout=0.2, max_retries=3, sleep=waits.append)
        with pytest.raises(api.ConnectionError, match=r"did not respond within 0\.2 seconds"):
            transport.json("GET", "/api/thing")
        transport.close()
    assert waits == []


def test_another_program_at_the_address_is_reported(recorder: Recorder) -> None:
    for answer in (Says(b"<html>"), Says({"status": "down"}), Says([]), Says({"detail": "Not Found"}, 404)):
        recorder.say(answer)
        with pytest.raises(api.ConnectionError, match="is not a Runicorn server"):
            api.connect(recorder.url)


def test_a_closed_client_asks_nothing(recorder: Recorder) -> None:
    with api.RunicornClient(recorder.url) as client:
        pass
    with pytest.raises(api.ConnectionError, match="closed"):
        client.health_check()
    assert not recorder.asked
