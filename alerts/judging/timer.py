"""Evaluate time-based rules: run states, missing steps, disk space.

`RuleTimer` is used by the one viewer that does the background work of a root.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from alerts.delivery import deliveries
from alerts.judging import episodes, rule_set
from alerts.judging.rule_set import Compiled
from alerts.judging.sample_shares import SampleShares
from alerts.judging.step_gaps import StepGaps
from alerts.judging.viewer_presence import FRESH_SECONDS, ViewerPresence, entered_at, viewer_presence
from alerts.kinds import disk, state
from runicorn.store import layout
from runs.models import Run, StorageRoot

TICK_SECONDS = 2.0
DISK_SECONDS = 10.0
PRESENCE_SECONDS = 30.0
"""Half of the silence after which a viewer was off."""
MARGIN_SECONDS = 60.0
"""Changes that other threads store late are looked at again."""
MOST = 20_000
BATCH = 500
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RuleTimer:
    """State between two rounds over a root."""

    root: StorageRoot
    since: float | None = None
    """Runs that changed since then are looked at, in Unix seconds."""
    newest: int = 0
    running: dict[int, str] = field(default_factory=dict)
    """States of the runs that were running."""
    step_gaps: StepGaps = field(default_factory=StepGaps)
    sample_shares: SampleShares = field(default_factory=SampleShares)

    def round(self) -> None:
        """Judge all rules once."""
        presence = viewer_presence(self.root, refresh=True)
        has_news = False
        rules = rule_set.current()
        states, silent = rules.of_kind("state"), rules.of_kind("no_step")
        sample_rules = rules.of_kind("samples")
        if states or silent or sample_rules:
            has_news |= self._judge_runs(states, silent, sample_rules, presence)
        else:
            self._forget()
        if disks := rules.of_kind("disk"):
            has_news |= self._judge_disk(disks, presence)
        if has_news:
            deliveries.wake.set()

    def seconds_until_next(self) -> float:
        """Return when the next round is due unless a row changes before: only silence and the disk change no row."""
        rules = rule_set.current()
        if self.running and (rules.of_kind("no_step") or rules.of_kind("samples")):
            return TICK_SECONDS
        return DISK_SECONDS if rules.rules else PRESENCE_SECONDS

    def _judge_runs(
        self,
        states: Sequence[Compiled],
        silent: Sequence[Compiled],
        sample_rules: Sequence[Compiled],
        presence: ViewerPresence,
    ) -> bool:
        runs, has_news = self._candidates(presence), False
        if states:
            has_news |= self._judge_states(states, runs, presence)
        if silent:
            has_news |= self.step_gaps.judge(silent, runs, presence)
        if sample_rules:
            has_news |= self.sample_shares.judge(sample_rules, runs, presence)
        self.running = {run.pk: run.state for run in runs if run.status == layout.RUNNING}
        return has_news

    def _forget(self) -> None:
        """Forget the runs, as long as no rule is about them: rules judge only what happens after they were made."""
        self.since, self.newest, self.running, self.step_gaps = None, 0, {}, StepGaps()
        self.sample_shares = SampleShares()

    def _candidates(self, presence: ViewerPresence) -> list[Run]:
        """Return the runs that run, ran a round ago, are new, or changed since the last round or the last viewer."""
        now = time.time()
        since = self.since
        if since is None:
            since = presence.off_from if presence.off_until > now - FRESH_SECONDS else now
        self.since, since = now, min(since, now)
        live = Run.objects.filter(root=self.root, deleted=None).select_related("root")
        # A query for each condition: one with OR would read all runs of the root.
        querysets = [live.filter(status=layout.RUNNING).order_by("-pk")]
        querysets.append(live.filter(updated__gte=since - MARGIN_SECONDS).order_by("-updated"))
        if self.newest:
            querysets.append(live.filter(pk__gt=self.newest).order_by("-pk"))
        candidates = {run.pk: run for rows in querysets for run in rows[:MOST]}
        missing = [pk for pk in self.running if pk not in candidates]
        for start in range(0, len(missing), BATCH):
            candidates |= {run.pk: run for run in live.filter(pk__in=missing[start : start + BATCH])}
        self.newest = max([self.newest, *candidates])
        return list(candidates.values())

    def _judge_states(self, rules: Sequence[Compiled], runs: Sequence[Run], presence: ViewerPresence) -> bool:
        now = time.time()
        begun, over = list[episodes.EpisodeChange](), list[episodes.EpisodeChange]()
        by_state = defaultdict(list)
        for rule in rules:
            for word in rule.when.states:
                by_state[word].append(rule)
        open_rules = episodes.open_rules(rules, presence.root, [run.run_id for run in runs], "")
        for run in runs:
            present, before = run.state, self.running.get(run.pk)
            was_seen = before not in (None, present)
            at = now if was_seen and run.ended is None else entered_at(run)
            of_run = open_rules.get(run.run_id, {})
            for rule in of_run.values():
                if present not in rule.when.states:
                    over.append(episodes.EpisodeChange(rule, run, "", state.ended(run, now)))
            for rule in by_state.get(present, ()):
                is_new = rule.row.pk not in of_run and (was_seen or at >= rule.since)
                if is_new and rule.chooses(run):
                    begun.append(episodes.EpisodeChange(rule, run, "", state.entered(run, at)))
        return episodes.recover_all(over, presence) | episodes.fire_all(begun, presence)

    def _judge_disk(self, rules: Sequence[Compiled], presence: ViewerPresence) -> bool:
        try:
            free = shutil.disk_usage(self.root.path).free
        except OSError as error:
            logger.debug("The disk of %s cannot be measured: %s", self.root, error)
            return False
        subject, has_news = "disk", False
        open_rules = episodes.open_rules(rules, presence.root, [""], subject).get("", {})
        for rule in rules:
            change = disk.judge(rule.when, free, rule.row.pk in open_rules, time.time())
            if change is not None:
                act = episodes.fire if change.began else episodes.recover
                has_news |= act(rule, None, subject, change, presence)
        return has_news


def watch(root: StorageRoot, goes_on: Callable[[], bool], pause: Callable[[float], object]) -> None:
    """Judge a root as long as `goes_on()`; `pause` waits some seconds or until rows change."""
    rule_set.forget()
    watcher = RuleTimer(root)
    while goes_on():
        watcher.round()
        pause(watcher.seconds_until_next())
