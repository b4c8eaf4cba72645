"""Messages on their way: signed, retried, folded, one channel never waiting for another."""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery import addresses, deliveries
from alerts.judging import episodes, rule_set
from alerts.judging.viewer_presence import ViewerPresence
from alerts.kinds.base import ConditionChange
from alerts.models import AlertChannel, AlertDelivery, AlertEvent
from runs.services.lookup import get_run
from tests.folders import write_run
from tests.secrecy import secret
from tests.server.alerts.conftest import FAILED, Receiver
from tests.waiting import until

Alerts = Callable[..., Any]
ALWAYS = ViewerPresence(0.0, 0.0, 0.0)


@pytest.fixture
def fire(alerts: Alerts, store: Path) -> Callable[..., list[int]]:
    """`fire(3, [channel, …])` makes a rule for these channels fire for three runs of any name."""

    def act(count: int, channels: list[int], **about: Any) -> list[int]:
        alerts("POST", "rules", {"name": f"rule {count}", "when": FAILED, "channels": channels})
        rule_set.forget()
        rule = rule_set.current().rules[-1]
        for number in range(count):
            run = get_run(
                write_run(store, **{"status": "running", "run_id": f"20260101_000000_{number:06x}"} | about)
            )
            assert episodes.fire(
                rule,
                run,
                "",
                ConditionChange(True, time.time(), "It fails %(n)s", {"n": str(number)}),
                ALWAYS,
            )
        return list(AlertEvent.objects.values_list("pk", flat=True))

    return act


def channel(alerts: Alerts, url: str, **more: Any) -> int:
    """Create a channel."""
    return int(alerts("POST", "channels", {"name": "c", "url": url, **more})["id"])


def status(*fields: str) -> list[Any]:
    """Fields of the deliveries, in their order."""
    return list(AlertDelivery.objects.order_by("pk").values_list(*fields, flat=len(fields) == 1))


def test_nothing_is_sent_to_a_host_whose_name_resolves_to_a_refused_address_when_connected(
    alerts: Alerts, fire: Callable[..., Any], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[str] = []

    def resolve(host: str, port: Any, *arguments: Any, **options: Any) -> Any:
        resolved.append(host)
        address = "127.0.0.1" if len(resolved) > 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(addresses, "_is_refused", lambda host: host == "127.0.0.1")
    number = channel(alerts, f"http://rebinds.test:{receiver.port}/")
    fire(1, [number])
    assert deliveries.deliver(number) == 0
    assert resolved == ["rebinds.test"] * 2 and receiver.bodies == []
    assert AlertChannel.objects.get().last_error == "Nothing is sent to link-local addresses."


def test_the_webhook_is_signed_and_has_the_documented_body(
    alerts: Alerts, fire: Callable[..., Any], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = secret()
    monkeypatch.setenv("RUNICORN_PUBLIC_URL", "https://runs.example.org/")
    number = channel(alerts, receiver.url, secret=key)
    fire(1, [number])
    assert deliveries.due_channels() == [number] and deliveries.deliver(number) == 1
    (body,), ((raw, headers),) = receiver.bodies, receiver.raw
    signature = hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
    assert headers["X-Runicorn-Signature"] == f"sha256={signature}"
    run_id = "20260101_000000_000000"
    assert body["run"] == {
        "id": run_id,
        "project": "vision",
        "name": "resnet",
        "state": "running",
        "url": f"https://runs.example.org/runs/{run_id}",
    }
    assert (body["event"], body["sentence"], body["rule"]["name"]) == ("fired", "It fails 0", "rule 1")
    assert set(body) == {"event", "rule", "run", "sentence", "value", "at"}
    assert status("status") == ["sent"] and deliveries.due_channels() == []


def test_a_message_that_is_not_accepted_is_sent_again_later(
    alerts: Alerts, fire: Callable[..., Any], receiver: Receiver
) -> None:
    number = channel(alerts, receiver.url)
    fire(2, [number])
    receiver.status = 500
    assert deliveries.deliver(number) == 0 and deliveries.deliver(number) == 0
    assert len(receiver.bodies) == 1 and status("status", "tries") == [("pending", 1)] * 2
    assert "status 500" in alerts("GET", f"channels/{number}")["last_error"]
    receiver.status = 204
    AlertDelivery.objects.update(due_at=time.time())
    assert deliveries.deliver(number) == 2
    assert status("status", "tries") == [("sent", 2)] * 2
    assert alerts("GET", f"channels/{number}")["last_error"] is None


def test_it_is_given_up_after_some_attempts(alerts: Alerts, fire: Callable[..., Any]) -> None:
    number = channel(alerts, "http://127.0.0.1:9/closed")
    fire(1, [number])
    for _ in range(len(deliveries.PATIENCE) + 1):
        AlertDelivery.objects.update(due_at=time.time())
        deliveries.deliver(number)
    assert status("status") == ["failed"] and deliveries.due_channels() == []
    assert alerts("GET", f"channels/{number}")["last_error"] == "The receiver cannot be reached."


def test_many_events_at_once_are_one_message(
    alerts: Alerts, fire: Callable[..., Any], receiver: Receiver
) -> None:
    number = channel(alerts, receiver.url)
    fire(40, [number])
    assert deliveries.deliver(number) == 40
    (body,) = receiver.bodies
    assert body["count"] == len(body["events"]) == 40 and body["sentence"].startswith("40 alerts")
    assert {event["run"]["id"] for event in body["events"]} == {f"20260101_000000_{n:06x}" for n in range(40)}
    assert set(status("status")) == {"sent"}


@pytest.mark.parametrize("address", ["http://{}/", "json://{}/", "json://{}/?redirect=yes"])
def test_a_redirect_is_not_followed(
    alerts: Alerts, fire: Callable[..., Any], make_receiver: Callable[..., Receiver], address: str
) -> None:
    target = make_receiver()
    receiver = make_receiver(status=307, location=target.url)
    number = channel(alerts, address.format(f"127.0.0.1:{receiver.port}"))
    fire(1, [number])
    assert deliveries.deliver(number) == 0 and status("status") == ["pending"]
    assert len(receiver.bodies) == 1 and target.bodies == []


def test_a_claim_of_a_killed_viewer_ends(
    alerts: Alerts, fire: Callable[..., Any], receiver: Receiver
) -> None:
    number = channel(alerts, receiver.url)
    fire(1, [number])
    AlertDelivery.objects.update(claim="dead", claimed_until=time.time() + 60)
    assert deliveries.due_channels() == [] and deliveries.deliver(number) == 0
    # Also where the clock was set back since.
    AlertDelivery.objects.update(claimed_until=time.time() + 86400)
    assert deliveries.deliver(number) == 1 and len(receiver.bodies) == 1


@pytest.fixture
def running(transactional_db: None) -> Iterator[Callable[[], None]]:
    """Starts a deliverer, and ends it with the test."""
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def start() -> None:
        deliverer = deliveries.Deliverer()
        thread = threading.Thread(target=deliverer.until, args=(lambda: not ended.is_set(),))
        thread.start()
        threads.append(thread)

    yield start
    ended.set()
    deliveries.wake.set()
    for thread in threads:
        thread.join(30)


def test_a_channel_that_hangs_delays_no_other(
    running: Callable[[], None],
    alerts: Alerts,
    fire: Callable[..., Any],
    make_receiver: Callable[..., Receiver],
) -> None:
    goes_on = threading.Event()
    slow, quick = make_receiver(hangs=goes_on), make_receiver()
    numbers = [channel(alerts, webhook.url) for webhook in (slow, quick)]
    fire(3, numbers)
    running()
    until(lambda: len(quick.bodies) == 3)
    assert slow.bodies == []
    goes_on.set()
    until(lambda: set(status("status")) == {"sent"})


def test_two_deliverers_send_each_event_once(
    running: Callable[[], None], alerts: Alerts, fire: Callable[..., Any], receiver: Receiver
) -> None:
    number = channel(alerts, receiver.url)
    fire(5, [number])
    running()
    running()
    until(lambda: set(status("status")) == {"sent"})
    assert sorted(receiver.sentences()) == [f"It fails {n}" for n in range(5)]


def test_a_claim_dated_slightly_in_the_future_is_respected(
    alerts: Alerts, fire: Callable[..., Any], receiver: Receiver
) -> None:
    number = channel(alerts, receiver.url)
    fire(1, [number])
    AlertDelivery.objects.update(claim="other", claimed_until=time.time() + deliveries.LEASE_SECONDS + 5)
    assert deliveries.deliver(number) == 0 and receiver.bodies == []


def test_a_disabled_channel_is_left_alone(
    alerts: Alerts, fire: Callable[..., Any], receiver: Receiver
) -> None:
    number = channel(alerts, receiver.url, enabled=False)
    fire(1, [number])
    assert not AlertDelivery.objects.exists() and not AlertChannel.objects.get().enabled
