"""Pyramid of tiles: all points at the bottom, and a parent with the extremes of every sixteen tiles.

Reading any part at any resolution then touches about as many points as requested. Every tile has a *mip*: of each 32
neighbouring points the lowest and the highest, real points with their steps and times, and the first non-finite one, so
that failures are visible at any zoom. It also has the mean of each 32 points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress, pairwise

from metrics.store.columns import NULL, Bools, Floats, Index, Ints, ascending
from metrics.store.means import means_of, means_of_means
from metrics.store.points import Points, gather
from runs.store.lazy_numpy import np


@dataclass(frozen=True, slots=True)
class Shape:
    """Dimensions of all pyramids. Tests build small ones."""

    tile: int = 8192
    """Points of a level-0 tile."""
    window: int = 1024
    """Points that stay unsealed after a full tile, so that late points can be sorted in."""
    fan: int = 16
    """Tiles per parent."""
    segments: int = 64
    """Number of the segment in which steps may come in any order."""

    @property
    def bucket(self) -> int:
        """Points of which a mip keeps two, so that mips have the same length at every level."""
        return 2 * self.fan


SHAPE = Shape()

IRREGULAR = -1
"""Stride of steps with varying distances."""
TANGLED = -2
"""Stride of a tile whose children share steps or overlap: its mip is useless by step."""


@dataclass(frozen=True, slots=True)
class Node:
    """A tile with its metadata; see `metrics.models.Tile`."""

    level: int
    segment: int
    seq: int
    count: int
    distinct: int
    first_step: int
    last_step: int
    stride: int
    first_row: int
    last_row: int
    first_time: float
    last_time: float
    mip: Points
    data: Points | None = None
    means: Points | None = None
    """Missing in tiles that earlier versions stored."""


def leaf(points: Points, segment: int, seq: int) -> Node:
    """Return the level-0 tile of `points`, which are sorted by step."""
    shadows = points.shadows()
    steps = points.step[~shadows]
    return Node(
        level=0,
        segment=segment,
        seq=seq,
        count=len(points),
        distinct=len(steps),
        first_step=int(points.step[0]),
        last_step=int(points.step[-1]),
        stride=stride(steps),
        first_row=int(points.row.min()),
        last_row=int(points.row.max()),
        first_time=float(points.time.min()),
        last_time=float(points.time.max()),
        mip=thin(points),
        data=points,
        means=means_of(points, SHAPE.bucket),
    )


def parent(children: Sequence[Node]) -> Node:
    """Return the parent of `children`, which are neighbours in the order of the segment."""
    pairs = list(pairwise(children))
    # A tile with a single step that continues in its neighbour is hidden by it.
    hidden = [a.first_step == a.last_step == b.first_step for a, b in pairs] + [False]
    tangled = any(b.first_step < a.last_step + (a.first_step < a.last_step) for a, b in pairs)
    points = gather([child.mip for child in children])
    shadow = np.concatenate(
        [child.mip.shadows() | hide for child, hide in zip(children, hidden, strict=True)]
    )
    points = replace(points, shadow=shadow)
    visible = list(compress(children, [not hide for hide in hidden]))
    first = children[0]
    return Node(
        level=first.level + 1,
        segment=first.segment,
        seq=first.seq // len(children),
        count=sum(child.count for child in children),
        distinct=sum(child.distinct for child in children) - sum(hidden),
        first_step=min(child.first_step for child in children),
        last_step=max(child.last_step for child in children),
        stride=TANGLED if tangled else _common_stride(visible),
        first_row=min(child.first_row for child in children),
        last_row=max(child.last_row for child in children),
        first_time=min(child.first_time for child in children),
        last_time=max(child.last_time for child in children),
        mip=thin(points),
        means=_means(visible),
    )


def _means(children: Sequence[Node]) -> Points | None:
    child_means = [child.means for child in children if child.means is not None]
    return means_of_means(child_means, SHAPE.fan) if len(child_means) == len(children) else None


def thin(points: Points) -> Points:
    """Return about a sixteenth of `points`: the extremes of every bucket, of all points and of those that count by step,
    both ends by step and by time, and where the time first goes back."""
    shadows = points.shadows()
    if len(points) <= SHAPE.bucket:
        return replace(points, shadow=shadows if shadows.any() else None)
    first, last = (np.flatnonzero(points.time == end) for end in (points.time.min(), points.time.max()))
    # Of points at the same time the earlier row is the first, the later one the last.
    ends = [0, len(points) - 1, first[points.row[first].argmin()], last[points.row[last].argmax()]]
    back = _back(points)[:1]
    keep = [np.array(ends, dtype=np.intp), back, back + 1]
    if points.value.kind != NULL:
        heights = points.value.heights()
        keep.append(extremes(heights, SHAPE.bucket))
        if shadows.any():
            visible = np.flatnonzero(~shadows)
            keep += [visible[extremes(heights[visible], SHAPE.bucket)], visible[:1], visible[-1:]]
    at = ascending(np.concatenate(keep))
    return replace(points.select(at), shadow=shadows[at] if shadows.any() else None)


def goes_back(points: Points) -> bool:
    """Whether the time of points that are sorted by step goes back somewhere; a mip tells it of all points."""
    return len(_back(points)) > 0


def _back(points: Points) -> Index:
    return np.flatnonzero(points.time[1:] < points.time[:-1])


def extremes(heights: Floats, bucket: int) -> Index:
    """Return the ascending positions of the lowest, the highest and the first non-finite value of every `bucket` values."""
    count = len(heights)
    buckets = -(-count // bucket)
    padded = np.empty(buckets * bucket)
    # The last value again is neither lower, higher nor non-finite before it is, and keeps the grid finite if it was.
    padded[:count], padded[count:] = heights, heights[-1:]
    grid = padded.reshape(buckets, bucket)
    start = np.arange(0, buckets * bucket, bucket, dtype=np.intp)
    odd = ~np.isfinite(grid)
    is_extreme = np.zeros(buckets * bucket, dtype=bool)
    if odd.any():
        is_extreme[(start + odd.argmax(1))[odd.any(1)]] = True
        lowest, highest = np.where(odd, np.inf, grid).argmin(1), np.where(odd, -np.inf, grid).argmax(1)
    else:
        lowest, highest = grid.argmin(1), grid.argmax(1)
    is_extreme[start + lowest] = is_extreme[start + highest] = True
    return np.flatnonzero(is_extreme[:count])


def stride(steps: Ints) -> int:
    """Return the constant distance of ascending steps: 0 for a single step, `IRREGULAR` if it varies."""
    if len(steps) == 1:
        return 0
    distance = int(steps[1]) - int(steps[0])
    even: Bools = steps[1:] - steps[:-1] == steps[1] - steps[0]
    # Differences beyond half of the 64-bit range wrap around.
    return distance if even.all() and int(steps[-1]) - int(steps[0]) < 2**63 else IRREGULAR


def _common_stride(nodes: Sequence[Node]) -> int:
    if any(node.stride == TANGLED for node in nodes):
        return TANGLED
    common, last = nodes[0].stride, nodes[0].last_step
    for node in nodes[1:]:
        gap = node.first_step - last
        if gap <= 0 or gap >= 2**63 or common not in (0, gap) or node.stride not in (0, gap):
            return IRREGULAR
        common, last = gap, node.last_step
    return common
