"""Enabled rules, compiled for the evaluation of many points and runs."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field

from django.db import DatabaseError

from alerts.kinds import KINDS
from alerts.kinds.base import Condition, Kind, parsed
from alerts.models import AlertRule
from runs.models import Run
from runs.query import where_keys
from runs.query.where import sql
from runs.query.where.parser import BadWhere

LOOK_AGAIN_SECONDS = 1.0
logger = logging.getLogger(__name__)
MOST_NAMES = 10_000
ANSWER_SECONDS = 10.0
"""A timer asks about the same runs every round."""


@dataclass(frozen=True, slots=True)
class Compiled:
    row: AlertRule
    when: Condition
    kind: Kind
    answers: dict[int, tuple[float, bool]] = field(default_factory=dict, compare=False)
    """Whether the rule is about a run, until when that is believed, by the key of the run."""

    @property
    def since(self) -> float:
        """Return the time from which the rule applies, in Unix seconds."""
        # After the clock was set back, a rule from the future would not apply until its own creation.
        return self.row.changed_at if self.row.changed_at <= time.time() else 0.0

    @property
    def key(self) -> str:
        """Names the rule in its present form: a changed one forgets."""
        return f"{self.row.pk}@{int(self.row.changed_at * 1000)}"

    def chooses(self, run: Run) -> bool:
        if not self.row.where:
            return True
        cached = self.answers.get(run.pk)
        if cached is None or time.monotonic() > cached[0]:
            if len(self.answers) > MOST_NAMES:
                self.answers.clear()
            cached = self.answers[run.pk] = time.monotonic() + ANSWER_SECONDS, self._matches(run)
        return cached[1]

    def _matches(self, run: Run) -> bool:
        try:
            node = where_keys.parse(run.root, self.row.where, run.project)
        except BadWhere:  # a key that was clear when the rule was saved may stand for two now
            return False
        return bool(Run.objects.filter(pk=run.pk).filter(sql.condition(node, run.root)).exists())


@dataclass(slots=True)
class RuleSet:
    rules: list[Compiled]
    by_metric: dict[str, list[Compiled]] = field(default_factory=dict)

    def of_metric(self, name: str) -> list[Compiled]:
        rules = self.by_metric.get(name)
        if rules is None:
            rules = [rule for rule in self.of_lane("metric") if rule.when.covers(name)]
            if len(self.by_metric) < MOST_NAMES:
                self.by_metric[name] = rules
        return rules

    def of_lane(self, lane: str) -> list[Compiled]:
        return [rule for rule in self.rules if rule.kind.lane == lane]

    def of_kind(self, name: str) -> list[Compiled]:
        return [rule for rule in self.rules if rule.kind.name == name]


_lock = threading.Lock()
_current = RuleSet([])
_checked_at = float("-inf")


def current() -> RuleSet:
    """Return the enabled rules; other viewers' changes are seen after a second."""
    global _current, _checked_at
    with _lock:
        if time.monotonic() >= _checked_at + LOOK_AGAIN_SECONDS:
            _checked_at = time.monotonic()
            try:
                rows = list(AlertRule.objects.filter(enabled=True).order_by("pk"))
            except DatabaseError as error:  # points are ingested without it
                logger.error("The rules of alerts cannot be read: %s", error)
                return _current
            compiled_by_key = {rule.key: rule for rule in _current.rules}
            rules = [
                Compiled(row, parsed(row.when), KINDS[row.when["kind"]])
                for row in rows
                if row.when.get("kind") in KINDS
            ]
            if [rule.key for rule in rules] != list(compiled_by_key) or any(
                (rule.row.where, rule.row.channels, rule.row.name)
                != (
                    compiled_by_key[rule.key].row.where,
                    compiled_by_key[rule.key].row.channels,
                    compiled_by_key[rule.key].row.name,
                )
                for rule in rules
            ):
                _current = RuleSet(rules)
        return _current


def forget() -> None:
    """Read the rules again at the next use."""
    global _checked_at
    with _lock:
        _checked_at = float("-inf")
