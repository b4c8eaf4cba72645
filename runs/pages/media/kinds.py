"""Kinds of media by file name, and the content types with which pages show them. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from runs.index.run_files import PICTURES
from runs.pages.media import histograms, plotly_figures, tables

IMAGES, VIDEOS, AUDIO, DOCUMENTS = "images", "videos", "audio", "documents"
TABLES, HISTOGRAMS, FILES = "tables", "histograms", "files"
TITLES: dict[str, str | Promise] = {
    IMAGES: gettext_lazy("Images"),
    VIDEOS: gettext_lazy("Videos"),
    AUDIO: gettext_lazy("Audio"),
    DOCUMENTS: "HTML",
    TABLES: gettext_lazy("Tables"),
    HISTOGRAMS: gettext_lazy("Histograms"),
    FILES: gettext_lazy("Files"),
}
"""The kinds with their titles, in the order of the tabs."""

VIDEO_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm"}
AUDIO_TYPES = {
    ".aac": "audio/aac",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
}
SVG = ".svg"
INLINE = PICTURES | VIDEO_TYPES | AUDIO_TYPES
"""Types that run nothing, whatever the file contains."""
BY_SUFFIX = {
    **dict.fromkeys((*PICTURES, SVG), IMAGES),
    **dict.fromkeys(VIDEO_TYPES, VIDEOS),
    **dict.fromkeys(AUDIO_TYPES, AUDIO),
    ".html": DOCUMENTS,
    ".htm": DOCUMENTS,
}


def suffix(path: str) -> str:
    """Return the file extension in lower case, with its dot."""
    return PurePosixPath(path).suffix.lower()


def kind_of(path: str) -> str:
    if path.endswith(tables.SUFFIX):
        return TABLES
    if path.endswith(histograms.SUFFIX):
        return HISTOGRAMS
    if plotly_figures.is_figure(path):
        return DOCUMENTS
    return BY_SUFFIX.get(suffix(path), FILES)
