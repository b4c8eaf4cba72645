"""Promotion on the page of a version, by the same service as in the API and the admin site."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

import runicorn as rn
from artifacts.errors import InvalidValue
from artifacts.services import lookup, stages
from runicorn.artifacts import curation
from runicorn.artifacts.store import Store
from tests.pages.markup import Markup

Page = Callable[..., Markup]
Send = Callable[..., str]
pytestmark = pytest.mark.django_db


def stage_and_ways(markup: Markup) -> tuple[str, list[str]]:
    """The stage that is shown, and those that are offered."""
    stage = dict(zip(markup.texts("dt"), markup.texts("dd"), strict=True))["Stage"]
    return stage.split()[0], [element.text for element in markup.all("option") if element.text.isalpha()]


def test_a_version_goes_to_production_and_back(page: Page, send: Send, model: str, run: rn.Run) -> None:
    here = f"{model}/v2"
    assert stage_and_ways(page(here)) == ("experimental", ["staging", "archived"])
    assert send(f"{here}/promote", to_stage="staging", notes=" looks good ") == here
    assert stage_and_ways(page(here)) == ("staging", ["production", "experimental", "archived"])
    send(f"{here}/promote", to_stage="production")
    markup = page(here)
    assert stage_and_ways(markup) == ("production", ["staging", "archived"])
    assert markup.texts("b", "alias") == ["production"]
    last, first = [step for step in markup.texts("li") if "→" in step]
    assert last.startswith("staging → production")
    assert first.startswith("experimental → staging") and first.endswith("looks good")
    assert run.use_artifact("m:production").version == 2
    send(f"{here}/promote", to_stage="archived")
    assert page(here).texts("b", "alias") == []


def test_a_refused_promotion_shows_the_reason_and_the_notes(page: Page, model: str, client: Client) -> None:
    page(model)
    answer = client.post(f"{model}/v1/promote", {"to_stage": "production", "notes": "please <b>"})
    assert answer.status_code == 400
    markup = Markup(answer.content.decode())
    assert "Invalid transition from experimental to production" in markup.texts("p", "failed")[0]
    [notes] = [area for area in markup.all("textarea") if area.attributes["name"] == "notes"]
    assert notes.text == "please <b>"
    assert client.post(f"{model}/v1/promote").status_code == 400
    assert lookup.get_version("m", 1).stage == "experimental"


def test_a_deleted_version_stays_where_it_is(page: Page, send: Send, model: str) -> None:
    here = f"{model}/v3"
    page(model)
    send(f"{here}/promote", to_stage="archived", notes="too old")
    send(f"{here}/delete")
    markup = page(here)
    assert stage_and_ways(markup) == ("archived", [])
    assert any("too old" in step for step in markup.texts("li"))


def test_a_promotion_is_validated_against_the_current_stage(page: Page, model: str, shelves: Store) -> None:
    page(model)
    stale = lookup.get_version("m", 1)
    stages.promote(version=stale, to_stage="archived", notes=None, evaluator_run_id=None)
    with pytest.raises(InvalidValue, match="Invalid transition from archived to staging"):
        stages.promote(version=stale, to_stage="staging", notes=None, evaluator_run_id=None)


def test_odd_steps_of_another_program_break_no_page(page: Page, model: str, shelves: Store) -> None:
    odd = [1, {"from_stage": 3, "to_stage": "x\0y", "timestamp": "soon"}, {"timestamp": float("nan")}]
    curation.note(
        shelves.folder("model", "m").version(1),
        lambda _: {"lifecycle_stage": "odd", "stage_transitions": odd},
    )
    assert stage_and_ways(page(f"{model}/v1")) == ("odd", ["staging", "archived"])
