"""Pictures of curves in messages: a real SMTP server, and a service that refuses files."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alerts.delivery import deliveries, pictures
from alerts.judging import episodes, rule_set
from alerts.judging.viewer_presence import ViewerPresence
from alerts.kinds.base import ConditionChange
from alerts.models import AlertDelivery
from metrics.ingest.catch_up import catch_up
from runs.services.lookup import get_run
from tests.folders import append_metrics, write_run
from tests.server.alerts.conftest import FAILED, Mailbox, Receiver

Alerts = Callable[..., Any]
ABOVE = {"kind": "threshold", "metric": "loss", "op": ">", "value": 10}
VALUES = [1.0, 2.0, float("nan"), 3.0, 12.0, 4.0, 15.0]


@pytest.fixture
def train(alerts: Alerts, store: Path) -> Callable[..., int]:
    """`train(url, {...})` makes a rule fire for a training, and returns its channel."""

    def act(url: str, when: dict[str, Any], name: str = "loss", primary: str | None = "loss") -> int:
        channel = int(alerts("POST", "channels", {"name": "c", "url": url})["id"])
        alerts("POST", "rules", {"name": "rule", "when": when, "channels": [channel]})
        rule_set.forget()
        best = {"best_metric_name": primary, "best_metric_value": 1.0} if primary else {}
        run_id = write_run(store, status="running", metrics=[], created_at=time.time(), summary=best)
        points = [{name: value, "global_step": 1000 * (n + 1)} for n, value in enumerate(VALUES)]
        append_metrics(store, "vision", "resnet", run_id, points, time.time())
        run = get_run(run_id)
        assert run.best_metric_name == primary
        assert catch_up(run, wait=60) == 0
        if when["kind"] == "state":
            change = ConditionChange(True, time.time(), "The run failed", {})
            assert episodes.fire(rule_set.current().rules[-1], run, "", change, ViewerPresence(0.0, 0.0, 0.0))
        return channel

    return act


def images(mailbox: Mailbox) -> list[Any]:
    """The pictures of the only mail, as arrays of pixels."""
    ((_, mail),) = mailbox.mails
    files = [part for part in mail.walk() if part.get_filename()]
    assert all((part.get_filename(), part.get_content_type()) == ("curve.png", "image/png") for part in files)
    return [
        np.asarray(Image.open(io.BytesIO(part.get_payload(decode=True))).convert("RGB"), dtype=int)
        for part in files
    ]


def like(image: Any, colour: str) -> Any:
    """The pixels of a colour."""
    rgb = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return np.abs(image - rgb).sum(axis=2) < 60


@pytest.mark.parametrize("name", ["loss", "loss/\u202e验证\r\n<img src=x>\0" + "x" * 200])
def test_a_mail_about_a_threshold_shows_the_curve_and_the_threshold(
    train: Callable[..., int], mailbox: Mailbox, name: str
) -> None:
    channel = train(mailbox.url, ABOVE | {"metric": "loss*"}, name)
    assert deliveries.deliver(channel) == 1
    (image,) = images(mailbox)
    width = pictures.SIZE[0] - pictures.LEFT - pictures.RIGHT
    assert image.shape[:2] == pictures.SIZE[::-1]
    red, blue = like(image, pictures.RED), like(image, pictures.BLUE)
    level = int(red.sum(axis=1).argmax())
    assert red[level].sum() > 0.9 * width, "the threshold goes through the whole picture"
    assert red.sum(axis=0).max() > 150, "the event is marked"
    assert blue[:level].sum() and blue[level + 1 :].sum(), "the curve crosses it"
    assert like(image, pictures.INK)[: pictures.TOP].any(), "the metric is named"


@pytest.mark.parametrize("primary", ["loss", None])
def test_a_mail_about_a_state_shows_the_primary_metric_if_there_is_one(
    train: Callable[..., int], mailbox: Mailbox, primary: str | None
) -> None:
    assert deliveries.deliver(train(mailbox.url, FAILED, primary=primary)) == 1
    attached = images(mailbox)
    assert len(attached) == (primary is not None)
    for image in attached:
        assert like(image, pictures.BLUE).any() and not like(image, pictures.RED).any()


def test_without_pillow_the_message_is_sent_without_a_picture(
    train: Callable[..., int], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert deliveries.deliver(train(mailbox.url, ABOVE)) == 1
    monkeypatch.undo()
    assert images(mailbox) == []


def test_a_service_that_refuses_files_gets_the_message_at_the_second_attempt(
    train: Callable[..., int], receiver: Receiver
) -> None:
    channel = train(receiver.url.replace("http", "json"), ABOVE)
    receiver.status = 413
    assert deliveries.deliver(channel) == 0
    receiver.status = 200
    AlertDelivery.objects.update(due_at=time.time())
    assert deliveries.deliver(channel) == 1
    assert [len(body["attachments"]) for body in receiver.bodies] == [1, 0]
