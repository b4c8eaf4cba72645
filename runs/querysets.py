"""Questions that pages and answers ask of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from runs.models import StorageRoot
    from runs.query.ordering import Ordered
    from runs.query.where.ast import Node


class RunQuerySet(models.QuerySet["Run"]):
    """Runs of a store, by the questions the screens ask."""

    root: StorageRoot | None = None
    """The storage root that `in_root` narrowed to; tags, metrics and config values are looked up in it."""
    is_filtered = False
    """Whether an index may tell quickly that few runs are left: what another order is worth asking for."""
    are_few = False
    """Whether these are a few runs named by their keys."""
    are_among = False
    """Whether they are among some keys that were found out: few enough to be sorted."""
    wanted: Sequence[Node] = ()
    """Expressions that are true for all of them."""
    known_count: int | None = None
    """How many these are, exact up to `counting.EXACT`, when that was found out on the way. Not of what is made of them."""

    def _clone(self) -> RunQuerySet:
        clone: RunQuerySet = super()._clone()
        clone.root = self.root
        clone.is_filtered, clone.are_few = self.is_filtered, self.are_few
        clone.are_among, clone.wanted = self.are_among, self.wanted
        return clone

    def in_root(self, root: StorageRoot) -> RunQuerySet:
        """Every run of one storage root, deleted ones too."""
        runs = self.filter(root=root)
        runs.root = root
        return runs

    def live(self) -> RunQuerySet:
        """Runs that are not in the recycle bin."""
        return self.filter(deleted=None)

    def for_table(
        self,
        *,
        project: str | None = None,
        name: str | None = None,
        statuses: Sequence[str] = (),
        tags: Iterable[str] = (),
        search: str = "",
        created_after: float | None = None,
        created_before: float | None = None,
        best_min: float | None = None,
        best_max: float | None = None,
        archived: bool | None = None,
        where: Node | None = None,
    ) -> RunQuerySet:
        """The runs of one root that a table is filtered to; `in_root` comes first.

        Args:
            project, name: exactly these.
            statuses: any of them.
            tags: all of them.
            search: all words, in project, name, id, tags or description, whatever their case.
            created_after, created_before: Unix seconds, inclusive.
            best_min, best_max: the best value of the primary metric, inclusive.
            archived: only archived runs, or only the others.
            where: a condition as `runs.query.where.parser.parse` reads it.
        """
        from runs.query import selectivity
        from runs.query.where import sql
        from runs.query.where.ast import columns, parts, with_tag

        asked = {
            "project": project,
            "name": name,
            "created__gte": created_after,
            "created__lte": created_before,
            "best_metric_value__gte": best_min,
            "best_metric_value__lte": best_max,
            "archived": archived,
        }
        given = {field: value for field, value in asked.items() if value is not None}
        found = self.filter(**given)
        found.is_filtered = bool(given or statuses)
        if statuses:
            found = (
                found.filter(status__in=statuses) if len(statuses) > 1 else found.filter(status=statuses[0])
            )
        found = selectivity.matching(found, search)
        wanted = [*map(with_tag, tags), *parts(where)]
        if wanted:
            said = None if search or archived is not None else columns(given, statuses)
            found = sql.satisfying(found, wanted, among=self, columns=said)
        return selectivity.narrowed(found) if name is not None and project is None else found

    def ordered(self, order: str = "created_at", *, desc: bool = True) -> Ordered:
        """These runs in the order of one key, to be sliced; see `runs.query.ordering`.

        Raises:
            UnknownOrder: there is no such key.
        """
        from runs.query.ordering import Ordered

        return Ordered(self, order, desc=desc)

    def newest(self) -> RunQuerySet:
        """Newest first; of the same instant the later row first."""
        return self.order_by("-created", "-id")

    def after(self, created: float, key: int) -> RunQuerySet:
        """What follows a run in `newest`: given its `created` and its row's key.

        In this form, and not as one OR, the condition is a range of the index.
        """
        older = models.Q(created__lt=created) | models.Q(id__lt=key)
        return self.filter(created__lte=created).filter(older)
