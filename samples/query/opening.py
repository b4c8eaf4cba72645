"""Single samples with their annotations."""

from __future__ import annotations

from collections.abc import Sequence

from runicorn.json_value import JsonObject
from runs.models import Run
from samples.query.annotations import annotate, annotated_set, annotations_of
from samples.query.rows import one_row
from samples.services import indexing
from samples.store.index import SampleIndex
from samples.store.piece import Piece


def open_sample(run: Run, name: str, number: int) -> JsonObject:
    """Return a sample with the values that were computed after it was written.

    Raises:
        NoSuchSample, NoSuchSamples: the sample or its set does not exist.
        SamplesUnreadable: the files cannot be read.
    """
    with indexing.open_pieces(run, name) as (index, pieces, _):
        return sample_of(run, name, index, pieces, number)


def sample_of(run: Run, name: str, index: SampleIndex, pieces: Sequence[Piece], number: int) -> JsonObject:
    """Return a sample of an open set with the values that were computed after it was written.

    Raises:
        NoSuchSample: no sample has this number.
    """
    row = one_row(index.source, pieces, number)
    later = annotated_set(name)
    if later not in indexing.names(run):
        return row
    with indexing.open_pieces(run, later) as (other, records, _):
        return annotate(row, annotations_of(row, other.source, records))
