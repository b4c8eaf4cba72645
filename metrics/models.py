"""Tables of metrics: series, packed points, tiles, and cursors of journals.

Everything here is derived from `events.jsonl` and can be rebuilt from it. A replaced journal gets a new *generation*;
rows of an older one are ignored at once and deleted afterwards.
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
    """Ingested bytes, always up to the end of a line."""
    rows = models.BigIntegerField(default=0)
    """Ingested lines, including blank and malformed ones: the index of the next line."""
    bad_lines = models.BigIntegerField(default=0)
    untimed = models.BigIntegerField(default=0)
    """Events without a valid time."""
    records = models.BigIntegerField(default=0)
    """Lines parsed as records."""
    altered = models.BigIntegerField(default=0)
    """Records that do not match their checksum."""
    size = models.BigIntegerField(default=0)
    """Size of the file at the last check; bytes beyond `offset` are still to be ingested."""
    inode = models.CharField(max_length=64, default="")
    head = models.CharField(max_length=64, default="")
    """Hash of the first 4 KiB (or of all up to `offset`)."""
    before = models.CharField(max_length=64, default="")
    """Hash of the 256 bytes before `offset`."""
    checksum = models.BigIntegerField(default=0)
    """CRC-32 of everything up to `offset`: distinguishes a copied file from a replaced one when the inode changed."""
    last_time = models.FloatField(default=0.0)
    """Time of the last event, for events without one; see `clock`."""
    lease_owner = models.CharField(max_length=64, default="")
    lease_until = models.FloatField(default=0.0)
    """Unix seconds until which a process has the lease. It only saves work; `offset` ensures correctness."""

    class Meta:
        indexes = [models.Index(fields=["run"], name="journal_behind", condition=Q(size__gt=F("offset")))]

    def __str__(self) -> str:
        return f"journal of run {self.run_id}, {self.offset} of {self.size} bytes"

    def clock(self, run: Run) -> float:
        """Return the time for an event without one: that of the previous event, or the start of the run."""
        return self.last_time if self.rows else run.created


class Series(models.Model):
    """A named sequence of points of a run: its statistics, and the location of its packed points."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="series", db_index=False)
    generation = models.IntegerField()
    lane = models.SmallIntegerField()
    """One of `metrics.store.lanes.Lane`."""
    name = models.CharField(max_length=255)
    uid = models.BigIntegerField()
    """Random number that identifies the series in caches, since row ids start again in a rebuilt database."""

    kinds = models.SmallIntegerField(default=0)
    """Kinds of values seen, as bits: see `metrics.store.columns`."""
    staged = models.BooleanField(default=False)
    """Whether any point has a stage."""
    count = models.BigIntegerField(default=0)
    minimum = models.FloatField(null=True)
    minimum_step = models.BigIntegerField(null=True)
    maximum = models.FloatField(null=True)
    maximum_step = models.BigIntegerField(null=True)
    last = models.FloatField(null=True)
    last_text = models.TextField(null=True)
    last_special = models.CharField(max_length=4, null=True)
    """`nan`, `inf` or `-inf` if the last value is no finite number."""
    last_step = models.BigIntegerField(null=True)
    last_time = models.FloatField(null=True)
    last_row = models.BigIntegerField(null=True)
    first_step = models.BigIntegerField(null=True)
    """The lowest step of all points."""
    top_step = models.BigIntegerField(null=True)
    """The highest step of all points."""
    first_time = models.FloatField(null=True)

    segment = models.IntegerField(default=0)
    """The segment that is being written. Earlier ones are sealed."""
    segment_tiles = models.IntegerField(default=0)
    """Number of sealed level-0 tiles in this segment."""
    boundary = models.BigIntegerField(null=True)
    """Last sealed step of this segment: a point at or before it opens the next segment."""
    boundary_open = models.BooleanField(default=False)
    """Whether the last sealed tile contains only points of `boundary`, so that this step may continue."""
    nodes = models.IntegerField(default=0)
    """Number of tiles of all levels and segments."""
    pending = models.IntegerField(default=0)
    """Number of points in the tails."""
    tail_count = models.IntegerField(default=0)
    """Number of tails."""

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
    """The newest points of a series in their order; enough of them become a tile."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="tails", db_index=False)
    first_row = models.BigIntegerField()
    count = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "first_row"], name="tail_once_per_series")]

    def __str__(self) -> str:
        return f"{self.count} points of series {self.series_id}"


class Tile(models.Model):
    """A sealed, immutable part of a series. Level 0 has all points; each higher level combines 16 siblings.

    `mip` is a downsampled copy that keeps every extreme, followed by the means of neighbouring points. Its column precedes
    `data`: SQLite reads a row from the front, and a chart of the whole series needs no `data`.
    """

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="tiles", db_index=False)
    level = models.SmallIntegerField()
    segment = models.IntegerField()
    seq = models.IntegerField()
    count = models.BigIntegerField()
    distinct = models.BigIntegerField()
    """Number of points that are the last of their step within the tile."""
    first_step = models.BigIntegerField()
    last_step = models.BigIntegerField()
    stride = models.BigIntegerField()
    """Constant distance between steps, 0 for a single step; see `metrics.store.pyramid`."""
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
        # New tiles of a series are found by id: they are only appended, in this order.
        indexes = [models.Index(fields=["series", "id"], name="tile_newest")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.segment}/{self.seq} of series {self.series_id}"
