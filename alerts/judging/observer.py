"""Observer of ingested points that evaluates alert rules; see `metrics.ingest.observing`."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable

from django.db import DatabaseError

from alerts.delivery import deliveries
from alerts.judging import episodes, rule_set
from alerts.judging.rule_set import Compiled
from alerts.judging.viewer_presence import viewer_presence
from alerts.kinds import gpu_idle
from alerts.kinds.base import ConditionChange, Memory, SeriesChunk
from alerts.models import AlertMemory
from metrics.ingest.parse import Batch, ScriptAlert
from metrics.store.columns import BOOL, FLOAT, INT, NULL, TEXT
from metrics.store.lanes import Lane
from metrics.store.points import Points, gather
from runicorn_site.web.durable import is_unusable
from runs.models import Run
from runs.store.lazy_numpy import np
from runs.store.metric_stats import mode_of

logger = logging.getLogger(__name__)
METRICS = (Lane.METRIC, Lane.STEPLESS)
RuleChange = tuple[Compiled, str, ConditionChange]


class RunObserver:
    """Judges the new points of one generation of a run's journal."""

    def __init__(self, run: Run, generation: int) -> None:
        self._run, self._generation = run, generation
        self._rules = rule_set.current()
        self._gpu_rules = self._rules.of_lane("gpu")
        self._metrics: dict[str, list[Points]] = {}
        self._gpus: list[Points] = []
        self._script_alerts: list[ScriptAlert] = []
        self._memory: AlertMemory | None = None
        self._changes: list[RuleChange] = []
        self._has_news = False

    def add(self, batch: Batch) -> None:
        """Collect the points that a rule judges."""
        self._script_alerts += batch.raised
        if not self._rules.rules:
            return
        for (lane, name), points in batch.series.items():
            if lane in METRICS:
                if self._rules.of_metric(name):
                    self._metrics.setdefault(name, []).append(points)
            elif lane == Lane.SYSTEM and self._gpu_rules and gpu_idle.SERIES.fullmatch(name):
                self._gpus.append(points)

    def prepare(self) -> None:
        """Judge what was collected, before the transaction."""
        if not (self._metrics or self._gpus):
            return
        memory = self._memory = self._memory or self._load()
        memories: dict[str, Memory] = json.loads(memory.content)
        before, after = memory.judged, memory.judged
        for name, parts in self._metrics.items():
            chunk = numbers_of(name, mode_of(self._run, name), gather(parts))
            if chunk is not None:
                after = max(after, float(chunk.time.max()))
                self._judge(self._rules.of_metric(name), chunk, memories, before)
        if self._gpus:
            busiest = busiest_of(gather(self._gpus))
            after = max(after, float(busiest.time.max()))
            self._judge(self._gpu_rules, busiest, memories, before)
        keys = {rule.key for rule in self._rules.rules}
        current = {key: value for key, value in memories.items() if key.partition("|")[0] in keys}
        memory.judged, memory.content = after, json.dumps(current, separators=(",", ":"))

    def write(self) -> None:
        """Store memory, events and deliveries, in the transaction that stores the points."""
        if self._memory is not None and (self._metrics or self._gpus):
            row = self._memory
            AlertMemory.objects.update_or_create(
                run=self._run,
                defaults={"generation": self._generation, "judged": row.judged, "content": row.content},
            )
        if not (self._changes or self._script_alerts):
            return
        try:
            self._store_events()
        except DatabaseError as error:  # the points are stored all the same
            if not is_unusable(error):
                raise
            logger.error("Alerts of run %s cannot be stored: %s", self._run.run_id, error)

    def _store_events(self) -> None:
        presence = viewer_presence(self._run.root)
        for rule, subject, change in self._changes:
            if not change.began:
                self._has_news |= episodes.recover(rule, self._run, subject, change, presence)
            elif rule.chooses(self._run):
                self._has_news |= episodes.fire(rule, self._run, subject, change, presence)
        if self._script_alerts:
            self._has_news |= episodes.record_script_alerts(self._run, self._script_alerts, presence)

    def settle(self) -> None:
        """Forget what was stored."""
        if self._has_news:
            deliveries.wake.set()
        self._metrics, self._gpus, self._script_alerts, self._changes = {}, [], [], []
        self._has_news = False

    def _load(self) -> AlertMemory:
        row: AlertMemory | None = AlertMemory.objects.filter(run=self._run).first()
        if row is None:
            return AlertMemory(run=self._run, generation=self._generation)
        if row.generation != self._generation:
            row.content = "{}"
        else:
            row.judged = 0.0  # every point is new
        return row

    def _judge(
        self, rules: Iterable[Compiled], chunk: SeriesChunk, memories: dict[str, Memory], judged: float
    ) -> None:
        for rule in rules:
            part = _after(chunk, max(rule.since, judged))
            if part is None or rule.kind.judge is None:
                continue
            key = f"{rule.key}|{chunk.name}"
            changes, memory = rule.kind.judge(rule.when, part, memories.get(key, []))
            self._changes += [(rule, chunk.name, change) for change in changes]
            if memory:
                memories[key] = memory


def observe(run: Run, generation: int) -> RunObserver:
    return RunObserver(run, generation)


def judged_since() -> float:
    """Return the time of the first point that a rule judges; infinity without rules on points."""
    rules = rule_set.current().rules
    return min((rule.since for rule in rules if rule.kind.lane in ("metric", "gpu")), default=math.inf)


def numbers_of(name: str, mode: str, points: Points) -> SeriesChunk | None:
    """Return the points with numbers: text is neither NaN nor above a threshold."""
    values = points.value
    if values.kinds is not None:
        points = points.select((values.kinds != TEXT) & (values.kinds != NULL))
    elif values.kind not in (FLOAT, INT, BOOL):
        return None
    if not len(points):
        return None
    return SeriesChunk(name, mode, points.step, points.time, points.value.numbers())


def busiest_of(points: Points) -> SeriesChunk:
    """Return the highest value of all GPUs for each sample."""
    rows, first, at = np.unique(points.row, return_index=True, return_inverse=True)
    highest = np.full(len(rows), -np.inf)
    np.maximum.at(highest, at, points.value.numbers())
    return SeriesChunk("", "max", points.step[first], points.time[first], highest)


def _after(chunk: SeriesChunk, since: float) -> SeriesChunk | None:
    """Return the points after a time, None without any. Times ascend but for clocks that were set back."""
    if chunk.time[0] >= since:
        return chunk
    if chunk.time[-1] < since:
        return None
    start = int((chunk.time >= since).argmax())
    return SeriesChunk(chunk.name, chunk.mode, chunk.step[start:], chunk.time[start:], chunk.value[start:])
