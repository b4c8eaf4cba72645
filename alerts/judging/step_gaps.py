"""Time without a step of running runs, for `no_step` rules."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from alerts.judging import episodes
from alerts.judging.rule_set import Compiled
from alerts.judging.viewer_presence import ViewerPresence
from alerts.kinds import no_step
from metrics.models import Series
from metrics.store.lanes import Lane
from runicorn.store import layout
from runs.models import Run

BATCH = 500


@dataclass(slots=True)
class StepGap:
    """Steps of a run, and when the last one was seen, by a clock that is never set."""

    count: int
    step: int | None
    since: float


@dataclass(slots=True)
class StepGaps:
    """Times without a step of running runs, measured from round to round."""

    gaps: dict[int, StepGap] = field(default_factory=dict)

    def judge(self, rules: Sequence[Compiled], runs: Sequence[Run], presence: ViewerPresence) -> bool:
        """Open and close the episodes of `no_step` rules; return whether one was."""
        now = time.time()
        begun, over = list[episodes.EpisodeChange](), list[episodes.EpisodeChange]()
        running = [run for run in runs if run.status == layout.RUNNING]
        self.gaps = self._measure(running)
        open_rules = episodes.open_rules(rules, presence.root, [run.run_id for run in runs], "")
        for run in runs:
            gap, of_run = self.gaps.get(run.pk), open_rules.get(run.run_id, {})
            age = 0.0 if gap is None else time.monotonic() - gap.since
            for rule in rules:
                holds = gap is not None and no_step.holds(rule.when, age)
                if rule.row.pk in of_run:
                    if not holds:
                        change = no_step.ended(gap.step if gap else None, now)
                        over.append(episodes.EpisodeChange(rule, run, "", change))
                elif holds and gap is not None and rule.chooses(run):
                    begun.append(episodes.EpisodeChange(rule, run, "", no_step.began(age, gap.step, now)))
        return episodes.recover_all(over, presence) | episodes.fire_all(begun, presence)

    def _measure(self, runs: Iterable[Run]) -> dict[int, StepGap]:
        now, clock = time.time(), time.monotonic()
        by_key = {run.pk: run for run in runs}
        steps_by_run: dict[int, tuple[int, int | None, float]] = {}
        keys = list(by_key)
        for start in range(0, len(keys), BATCH):
            rows = Series.objects.filter(run__in=keys[start : start + BATCH], lane=Lane.ROWS)
            for key, count, step, at in rows.values_list("run_id", "count", "last_step", "last_time"):
                steps_by_run[key] = count, step, at or now
        measured = {}
        for key, run in by_key.items():
            count, step, at = steps_by_run.get(key, (0, None, run.started or run.created))
            before = self.gaps.get(key)
            if before is not None and before.count == count:
                measured[key] = before
            else:
                # Only for what was before this process the other clock has to do.
                measured[key] = StepGap(count, step, clock - (max(0.0, now - at) if before is None else 0.0))
        return measured
