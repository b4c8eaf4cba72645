"""Shares of samples of running runs, for `samples` rules: measured when samples were written."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from alerts.judging import episodes
from alerts.judging.rule_set import Compiled
from alerts.judging.viewer_presence import ViewerPresence
from alerts.kinds import samples
from alerts.kinds.base import Condition
from runicorn.store import layout
from runs.errors import OutsideRoot
from runs.models import Run
from samples.errors import NoSuchSamples, SamplesUnreadable
from samples.query import where
from samples.query.table import Filter, select, steps_of
from samples.services import indexing

UNREADABLE = (NoSuchSamples, SamplesUnreadable, OutsideRoot, OSError)


class Share(NamedTuple):
    """Share, from 0 to 1, of the samples of the newest step of a set for which a condition holds."""

    name: str
    step: int | None
    share: float


@dataclass(slots=True)
class SampleShares:
    """Sizes of the sample sets of runs at the last round: unchanged ones are not judged again."""

    sizes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    rules: tuple[int, ...] = ()

    def judge(self, rules: Sequence[Compiled], runs: Sequence[Run], presence: ViewerPresence) -> bool:
        """Open and close the episodes of `samples` rules; return whether one was."""
        keys = tuple(rule.row.pk for rule in rules)
        previous_sizes = self.sizes if keys == self.rules else {}
        sizes = {
            run.pk: _size(run) for run in runs if run.status == layout.RUNNING or run.pk in previous_sizes
        }
        self.rules, self.sizes = keys, {key: size for key, size in sizes.items() if size}
        changed = {
            run.pk for run in runs if sizes.get(run.pk) and sizes[run.pk] != previous_sizes.get(run.pk)
        }
        candidates = [run for run in runs if run.pk in changed or run.status != layout.RUNNING]
        begun, over = list[episodes.EpisodeChange](), list[episodes.EpisodeChange]()
        open_rules = episodes.open_rules(rules, presence.root, [run.run_id for run in candidates], "")
        for run in candidates:
            of_run = open_rules.get(run.run_id, {})
            for rule in rules:
                is_open = rule.row.pk in of_run
                if is_open and run.status != layout.RUNNING:
                    over.append(episodes.EpisodeChange(rule, run, "", samples.ended(time.time())))
                    continue
                if run.pk not in changed or not (is_open or rule.chooses(run)):
                    continue
                worst = max(shares(run, rule.when), key=lambda share: share.share, default=None)
                if worst is None or samples.holds(rule.when, worst.share) == is_open:
                    continue
                change = samples.change(rule.when, worst.name, worst.step, worst.share, time.time())
                (begun if change.began else over).append(episodes.EpisodeChange(rule, run, "", change))
        return episodes.recover_all(over, presence) | episodes.fire_all(begun, presence)


def shares(run: Run, when: Condition) -> Iterator[Share]:
    """Yield the share of each sample set that the rule is about, at its newest step."""
    node = where.parse(when.samples)
    names = list[str]()
    with suppress(*UNREADABLE):
        names = indexing.names(run)
    for name in names:
        if not when.covers(name):
            continue
        with (
            suppress(*UNREADABLE),
            indexing.open_pieces(run, name) as (_, pieces, _pending),
        ):
            steps = steps_of(pieces[-8:])
            step = steps[-1] if steps else None
            total = len(select(pieces, Filter(step=step)))
            if total:
                yield Share(name, step, len(select(pieces, Filter(step=step, node=node))) / total)


def _size(run: Run) -> tuple[int, ...]:
    """Return the sizes of the files of samples of a run; nothing without any."""
    sizes = []
    with suppress(OSError, OutsideRoot):
        for folder, _, names in os.walk(run.path / layout.SAMPLES):
            sizes += [os.stat(os.path.join(folder, name)).st_size for name in sorted(names)]
    return tuple(sizes)
