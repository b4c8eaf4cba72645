"""Check the samples of a run: their chunks, indexes and lines."""

from __future__ import annotations

from pathlib import Path

from runicorn.store import layout
from runicorn.store.samples.lines import decode
from runicorn.store.samples.names import Chunk, all_chunks, sample_sets, samples_folder
from runicorn.store.samples.reader import OpenChunk, read_index, torn_bytes
from runicorn.store.samples.writer import SMALL_BYTES
from runicorn_tools.fsck.report import Report


def check_samples(folder: Path, relative: str, report: Report, *, contents: bool) -> None:
    """Check the samples of a run.

    Args:
        folder: the folder of the run.
        relative: the same, relative to the root.
        contents: compare all lines with their checksums too; by default only sizes.
    """
    for name in sample_sets(folder):
        for chunk in all_chunks(samples_folder(folder, name)):
            _check_chunk(chunk, f"{relative}/{layout.SAMPLES}/{chunk.folder.name}", report, contents)


def _check_chunk(chunk: Chunk, above: str, report: Report, contents: bool) -> None:
    end = max((entry.offset + entry.size for entry in read_index(chunk)), default=0)
    was_sealed = chunk.sealed.exists() or (not chunk.plain.exists() and end >= SMALL_BYTES)
    place = f"{above}/{(chunk.sealed if was_sealed else chunk.plain).name}"
    try:
        with OpenChunk(chunk) as file:
            _check_size(file, end, place, report)
            if file.size - torn_bytes(file) > end:
                # Its writer was killed between the samples and their entry, or it is damaged: nothing is lost.
                index = f"{above}/{chunk.index.name}"
                report.warn("samples-index", index, "The index of the samples is incomplete.")
            if contents:
                _check_lines(file, place, report)
    except FileNotFoundError:
        if end:
            report.error("samples-missing", place, "The samples in the index are missing.")
    except OSError as error:
        reason = error.strerror or error
        report.error("samples-damaged", place, "The samples cannot be read: {reason}", reason=reason)


def _check_size(file: OpenChunk, end: int, place: str, report: Report) -> None:
    if file.size < end:
        report.error(
            "samples-truncated",
            place,
            "The samples were truncated: {size} of {end} bytes are left.",
            size=f"{file.size:,}",
            end=f"{end:,}",
        )
    if torn_bytes(file):
        report.warn("line-torn", place, "The last line is incomplete.")


def _check_lines(file: OpenChunk, place: str, report: Report) -> None:
    altered = bad = 0
    for _, line in file.lines():
        sample = decode(line) if line else None
        bad += sample is None and bool(line)
        altered += sample is not None and not sample.is_intact
    if altered:
        text = "{count} samples do not match their checksum."
        report.error("sample-altered", place, text, count=f"{altered:,}")
    if bad:
        report.warn("line-unreadable", place, "{count} lines do not hold a sample.", count=f"{bad:,}")
