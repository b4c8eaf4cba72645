from __future__ import annotations

from runicorn.api.transport import MOST_KEPT, Transport
from tests.sdk.client.recorder import Recorder, Says

TAG = {"ETag": 'W/"first"'}


def condition(recorder: Recorder) -> str | None:
    """The condition of the last request."""
    return recorder.asked[-1].headers.get("If-None-Match")


def test_an_answer_with_a_tag_is_asked_for_again_by_it(recorder: Recorder, transport: Transport) -> None:
    recorder.say(Says({"runs": [1]}, headers=TAG), Says(b"", 304, headers=TAG), Says({"runs": [2]}))
    first = transport.json("GET", "/api/runs", params=[("limit", "1")])
    assert condition(recorder) is None
    first["runs"].append("changed by the program")
    assert transport.json("GET", "/api/runs", params=[("limit", "1")]) == {"runs": [1]}
    assert condition(recorder) == 'W/"first"'
    assert transport.json("GET", "/api/runs", params=[("limit", "1")]) == {"runs": [2]}
    recorder.say(Says({"runs": [3]}))
    # The last answer had no tag.
    assert transport.json("GET", "/api/runs", params=[("limit", "1")]) == {"runs": [3]}
    assert condition(recorder) is None


def test_only_the_same_address_is_asked_for_by_its_tag(recorder: Recorder, transport: Transport) -> None:
    recorder.say(Says({}, headers=TAG), Says({}, headers=TAG), Says({}))
    transport.json("GET", "/api/runs")
    transport.json("GET", "/api/runs", params=[("project", "vision")])
    assert condition(recorder) is None
    transport.json("POST", "/api/runs", body={})
    assert condition(recorder) is None


def test_few_answers_are_kept(recorder: Recorder, transport: Transport) -> None:
    recorder.say(*(Says({}, headers=TAG) for _ in range(MOST_KEPT + 2)))
    for number in range(MOST_KEPT + 1):
        transport.json("GET", f"/api/runs/{number}")
    transport.json("GET", "/api/runs/0")
    assert condition(recorder) is None
