from __future__ import annotations

import pickle

import pytest

import runicorn.api as api
from runicorn.api.transport import Transport
from tests.sdk.client.recorder import Recorder, Says

KINDS = {
    400: api.BadRequestError,
    401: api.AuthenticationError,
    403: api.AuthenticationError,
    404: api.NotFoundError,
    405: api.NotFoundError,
    409: api.ConflictError,
    410: api.NotFoundError,
    413: api.BadRequestError,
    415: api.BadRequestError,
    418: api.RunicornAPIError,
    429: api.RateLimitError,
    500: api.ServerError,
    507: api.ServerError,
}


@pytest.mark.parametrize("status", KINDS)
def test_each_status_has_its_error(recorder: Recorder, transport: Transport, status: int) -> None:
    recorder.say(*[Says({"detail": "A sentence of the server."}, status)] * 4)
    with pytest.raises(api.RunicornAPIError) as caught:
        transport.json("GET", "/api/thing")
    error = caught.value
    assert type(error) is KINDS[status]
    assert (error.status, error.payload) == (status, {"detail": "A sentence of the server."})
    assert str(error) == error.detail
    if status != 405:
        assert error.detail == "A sentence of the server."


def test_bad_input_names_the_fields(recorder: Recorder, transport: Transport) -> None:
    recorder.say(Says({"detail": "path: too long", "errors": {"path": ["too long"]}}, 400), Says(b"?", 400))
    for expected in ({"path": ["too long"]}, {}):
        with pytest.raises(api.BadRequestError) as caught:
            transport.json("POST", "/api/thing")
        assert caught.value.errors == expected
    assert str(caught.value) == "POST /api/thing failed with status 400 Bad Request"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Says({"detail": "Not found."}, 404), " (Not found.)"),
        (Says({"detail": "Not Found"}, 404), " (Not Found)"),
        (Says({"detail": 'Method "GET" not allowed.'}, 405), ' (Method "GET" not allowed.)'),
        (Says(b"", 404), ""),
        (Says({}, 405), ""),
    ],
)
def test_an_unknown_route_is_named_in_the_error(
    recorder: Recorder, transport: Transport, answer: Says, words: str
) -> None:
    recorder.say(answer)
    with pytest.raises(api.NotFoundError) as caught:
        transport.json("GET", "/api/thing")
    assert str(caught.value) == f"This server does not offer GET /api/thing{words}"


def test_a_host_key_waits_in_the_error(recorder: Recorder) -> None:
    key = {
        "host": "gpu",
        "port": 22,
        "key_type": "ssh-ed25519",
        "fingerprint_sha256": "SHA256:x",
        "public_key": "k",
    }
    detail = {
        "code": "HOST_KEY_CONFIRMATION_REQUIRED",
        "message": "Host key verification failed",
        "host_key": key,
    }
    recorder.say(Says({"detail": detail}, 409))
    with api.RunicornClient(recorder.url) as client:
        with pytest.raises(api.ConflictError, match=r"^Host key verification failed$") as caught:
            client.remote.connect("gpu", username="me")
        assert caught.value.host_key == key
        recorder.offer("POST", "/api/remote/known-hosts/accept", {"ok": True})
        assert client.remote.accept_host_key(caught.value) == {"ok": True}
        assert recorder.asked[-1].body == key
        with pytest.raises(ValueError, match="no host key"):
            client.remote.accept_host_key(api.ConflictError("something else", status=409))


def test_an_answer_that_is_no_json_is_an_error_of_the_server(
    recorder: Recorder, transport: Transport
) -> None:
    recorder.say(Says(b"<html>"))
    with pytest.raises(api.ServerError, match="is not JSON"):
        transport.json("GET", "/api/thing")


def test_errors_can_be_sent_to_other_processes() -> None:
    error = api.NotFoundError("Run not found: x", status=404, payload={"detail": "Run not found: x"})
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.__dict__) == (api.NotFoundError, str(error), error.__dict__)


@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": "127.0.0.1:23300"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "http://"},
        {"base_url": "http://host:port"},
        {"timeout": 0},
        {"max_retries": -1},
        {"token": "two\nlines"},
        {"token": ""},
        {"token": "né"},
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        api.RunicornClient(**arguments)  # type: ignore[arg-type]
