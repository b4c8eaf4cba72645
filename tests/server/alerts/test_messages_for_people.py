"""Messages by apprise: a real SMTP server, and names that try to be more than names."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery import addresses, deliveries, messages
from alerts.judging import episodes, rule_set
from alerts.judging.viewer_presence import ViewerPresence
from alerts.kinds.base import ConditionChange
from alerts.models import AlertEvent
from runs.services.lookup import get_run
from tests.folders import write_run
from tests.processes import free_port
from tests.server.alerts.conftest import FAILED, Mailbox

Alerts = Callable[..., Any]
HOSTILE = "x\r\nBcc: all@example.org\r\n\r\n<!channel> @everyone <https://evil|ok> \u202egnp"


@pytest.fixture
def event(alerts: Alerts, store: Path) -> Callable[[list[int]], AlertEvent]:
    """Makes a rule fire for a run with a hostile name."""

    def fire(channels: list[int]) -> AlertEvent:
        alerts("POST", "rules", {"name": HOSTILE, "when": FAILED, "channels": channels})
        rule_set.forget()
        run_id = write_run(store, status="failed", created_at=time.time())
        run = get_run(run_id)
        run.name = run.project = HOSTILE
        run.save()
        change = ConditionChange(
            True, time.time(), "The run is %(state)s: %(reason)s", {"state": "failed", "reason": HOSTILE}
        )
        assert episodes.fire(rule_set.current().rules[-1], run, "", change, ViewerPresence(0.0, 0.0, 0.0))
        return AlertEvent.objects.select_related("rule").get()

    return fire


def test_an_email_is_sent_and_a_hostile_name_adds_no_header(
    alerts: Alerts, event: Callable[[list[int]], AlertEvent], mailbox: Mailbox
) -> None:
    channel = alerts("POST", "channels", {"name": "mail", "url": mailbox.url})
    assert channel["kind"] == "mailto"
    event([channel["id"]])
    assert deliveries.deliver(channel["id"]) == 1, alerts("GET", f"channels/{channel['id']}")["last_error"]
    ((recipients, mail),) = mailbox.mails
    subject = str(make_header(decode_header(mail["Subject"])))
    assert recipients == ["me@example.org"] and mail["Bcc"] is None
    assert "\n" not in subject and "Bcc: all" in subject
    text = mail.get_payload(decode=True) or b"".join(
        part.get_payload(decode=True) for part in mail.get_payload()
    )
    assert "The run is failed" in text.decode()


def test_a_name_with_an_at_sign_is_no_mention_or_link(event: Callable[[list[int]], AlertEvent]) -> None:
    body = messages.content(event([]))
    for message_text in (
        messages.title(body),
        messages.text(body),
        messages.text(messages.folded([event_of(body)])),
    ):
        assert not set("<>@`\r\u202e") & set(message_text.replace("\n", " "))


def event_of(body: messages.Content) -> AlertEvent:
    """The only event."""
    return AlertEvent.objects.select_related("rule").get()


@pytest.mark.parametrize("more", ["", "&deadline=30"])
@pytest.mark.parametrize("host", ["rebinds.test", "2130706433"])
def test_no_email_is_sent_by_a_server_whose_name_resolves_to_a_refused_address_when_connected(
    alerts: Alerts,
    event: Callable[[list[int]], AlertEvent],
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    more: str,
) -> None:
    resolved: list[str] = []
    resolve = socket.getaddrinfo

    def rebind(name: str, port: Any, *arguments: Any, **options: Any) -> Any:
        if name != "rebinds.test":
            return resolve(name, port, *arguments, **options)
        resolved.append(name)
        address = "127.0.0.1" if len(resolved) > 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    monkeypatch.setattr(addresses, "_is_refused", lambda name: name == "127.0.0.1")
    port = mailbox.url.rpartition(":")[2].partition("/")[0]
    url = f"mailto://me:word@example.org:{port}/?smtp={host}&to=me@example.org&mode=insecure{more}"
    channel = alerts("POST", "channels", {"name": "mail", "url": url})
    event([channel["id"]])
    assert deliveries.deliver(channel["id"]) == 0 and mailbox.mails == []
    assert resolved == ["rebinds.test"] * 2 * (host == "rebinds.test")
    failure = alerts("GET", f"channels/{channel['id']}")["last_error"]
    assert failure == "Nothing is sent to link-local addresses."


def test_a_failing_service_is_reported_without_its_address(alerts: Alerts) -> None:
    url = f"json://user:hidden-word@127.0.0.1:{free_port()}/hidden-path"
    channel = alerts("POST", "channels", {"name": "json", "url": url})
    answer = alerts("POST", f"channels/{channel['id']}/test")
    assert answer["ok"] is False and "hidden" not in str(answer)
    assert "hidden" not in str(alerts("GET", "channels"))
