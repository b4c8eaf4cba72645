"""Points of metrics, packed: what the journals of runs hold, in a shape that charts can be read from.

Everything here is derived from `events.jsonl` and can be rebuilt from it. A journal that was replaced gets a
new *generation*; rows of an older one are out of sight at once and deleted afterwards.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from metrics.store.columns import BOOL, FLOAT, INT, TEXT
from metrics.store.lanes import Lane
from runs.models import Run


class Journal(models.Model):
    """The state of ingesting a run's journal. `offset` advances with the points of the bytes it passes."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="journal")
    generation = models.IntegerField(default=1)
    offset = models.BigIntegerField(default=0)
    """Bytes taken in: always the end of a line."""
    rows = models.BigIntegerField(default=0)
    """Lines taken in, whatever was in them: the ordinal of the next line."""
    bad_lines = models.BigIntegerField(default=0)
    untimed = models.BigIntegerField(default=0)
    """Events without a time that can be read."""
    records = models.BigIntegerField(default=0)
    """Lines that could be read as records."""
    altered = models.BigIntegerField(default=0)
    """Records that do not match their checksum."""
    size = models.BigIntegerField(default=0)
    """Bytes in the file when it was last looked at; beyond `offset` is what is still to be taken in."""
    inode = models.CharField(max_length=64, default="")
    head = models.CharField(max_length=64, default="")
    """Hash of the first 4 KiB (or of all up to `offset`)."""
    before = models.CharField(max_length=64, default="")
    """Hash of the 256 bytes before `offset`."""
    checksum = models.BigIntegerField(default=0)
    """CRC-32 of everything up to `offset`: tells a copied file from a replaced one when the inode changed."""
    last_time = models.FloatField(default=0.0)
    """The time of the last event, for events that carry none; see `clock`."""
    lease_owner = models.CharField(max_length=64, default="")
    lease_until = models.FloatField(default=0.0)
    """Unix seconds until which a process has the lease. It only saves work; `offset` ensures correctness."""

    class Meta:
        indexes = [models.Index(fields=["run"], name="journal_behind", condition=Q(size__gt=F("offset")))]

    def __str__(self) -> str:
        return f"journal of run {self.run_id}, {self.offset} of {self.size} bytes"

    def clock(self, run: Run) -> float:
        """The time that an event without one has: that of the event before, or of the run's beginning."""
        return self.last_time if self.rows else run.created


class Series(models.Model):
    """One named sequence of points of a run: its figures, and where its packed points are."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="series", db_index=False)
    generation = models.IntegerField()
    lane = models.SmallIntegerField()
    """One of `metrics.store.lanes.Lane`."""
    name = models.CharField(max_length=255)
    uid = models.BigIntegerField()
    """Drawn at random: what caches know the series by, since row ids start again in a rebuilt database."""

    kinds = models.SmallIntegerField(default=0)
    """The kinds of value seen, as bits: see `metrics.store.columns`."""
    staged = models.BooleanField(default=False)
    """Whether any point has a stage."""
    count = models.BigIntegerField(default=0)
    minimum = models.FloatField(null=True)
    minimum_step = models.BigIntegerField(null=True)
    maximum = models.FloatField(null=True)
    maximum_step = models.BigIntegerField(null=True)
    last = models.FloatField(null=True)
    last_text = models.TextField(null=True)
    last_step = models.BigIntegerField(null=True)
    last_time = models.FloatField(null=True)
    last_row = models.BigIntegerField(null=True)
    first_step = models.BigIntegerField(null=True)
    """The lowest step of all points."""
    top_step = models.BigIntegerField(null=True)
    """The highest step of all points."""
    first_time = models.FloatField(null=True)

    segment = models.IntegerField(default=0)
    """The segment being written. Earlier ones are sealed."""
    segment_tiles = models.IntegerField(default=0)
    """Sealed tiles of level 0 in this segment."""
    boundary = models.BigIntegerField(null=True)
    """The last sealed step of this segment: a point at or before it opens the next one."""
    boundary_open = models.BooleanField(default=False)
    """The last sealed tile holds nothing but `boundary`, which may therefore go on."""
    nodes = models.IntegerField(default=0)
    """Tiles of all levels and segments."""
    pending = models.IntegerField(default=0)
    """Points in the tails."""
    tail_count = models.IntegerField(default=0)
    """How many tails there are."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "generation", "lane", "name"], name="series_once_per_run")
        ]

    def __str__(self) -> str:
        return f"{self.name or Lane(self.lane).name} of run {self.run_id}"

    @property
    def kind(self) -> str:
        """`float`, `int`, `bool` or `text`; numbers of several kinds are `float`, text among them is `mixed`."""
        single = {FLOAT: "float", INT: "int", BOOL: "bool", TEXT: "text"}
        if self.kinds in single:
            return single[self.kinds]
        return "mixed" if self.kinds & TEXT else "float"


class Tail(models.Model):
    """The newest points of a series, as they came; enough of them become a tile."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="tails", db_index=False)
    first_row = models.BigIntegerField()
    count = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "first_row"], name="tail_once_per_series")]

    def __str__(self) -> str:
        return f"{self.count} points of series {self.series_id}"


class Tile(models.Model):
    """A sealed piece of a series, never changed. Level 0 holds all points; one above stands for 16 siblings.

    `mip` is a thinned copy of real points that keeps every extreme. It stands before `data` in the table:
    SQLite reads a row from its front, and a chart of everything needs no `data` at all.
    """

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="tiles", db_index=False)
    level = models.SmallIntegerField()
    segment = models.IntegerField()
    seq = models.IntegerField()
    count = models.BigIntegerField()
    distinct = models.BigIntegerField()
    """Points that are the last of their step within the tile."""
    first_step = models.BigIntegerField()
    last_step = models.BigIntegerField()
    stride = models.BigIntegerField()
    """The distance of neighbouring steps where it is always the same, 0 for a single step; see `metrics.store.pyramid`."""
    first_row = models.BigIntegerField()
    last_row = models.BigIntegerField()
    first_time = models.FloatField()
    last_time = models.FloatField()
    mip = models.BinaryField()
    data = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "level", "segment", "seq"], name="tile_once_per_place")
        ]
        # New tiles of a series are found by id: they are only ever added, and in this order.
        indexes = [models.Index(fields=["series", "id"], name="tile_newest")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.segment}/{self.seq} of series {self.series_id}"
