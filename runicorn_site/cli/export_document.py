"""`runicorn export --document`: a document of a project as one page, from the viewer that renders its blocks."""

from __future__ import annotations

import os
from pathlib import Path

from runicorn.settings import user
from runicorn.store.project import documents
from runicorn.store.units import format_bytes
from runicorn_site.catalog.viewer import ViewerCatalog
from runicorn_site.cli.runs.source import opened
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import NOT_AVAILABLE, USAGE


def export_document(
    project: str, place: str, output: Path | None, url: str, token: str | None, storage: Path | None
) -> Path:
    """Write a document, `reports/NAME` or `notebook/NAME`, as one page and return its path; exit if that fails.

    Args:
        output: the file, or a folder; `NAME.html` if not given.
        url: the viewer; by default a running one of the storage root.
    """
    folder, _, name = place.removesuffix(documents.SUFFIX).partition("/")
    if folder not in documents.FOLDERS or not name:
        common.exit_with(f"{place} is no document: give reports/NAME or notebook/NAME", USAGE)
    if url and storage is not None:
        common.exit_with("--url and --storage exclude each other", USAGE)
    path = output / f"{name}.html" if output and output.is_dir() else output or Path(f"{name}.html")
    with opened(url or _viewer_of(storage), token, None) as catalog:
        assert isinstance(catalog, ViewerCatalog)
        content = catalog.page_of_document(project, folder, name)
    path.write_bytes(content)
    common.print_notice(f"{project}/{folder}/{name}, {format_bytes(len(content))} → {path}")
    return path


def _viewer_of(storage: Path | None) -> str:
    root = common.existing_root(storage)
    viewers = [viewer for viewer in user.running_viewers() if str(viewer["root"]) == os.path.realpath(root)]
    if not viewers:
        common.exit_with(
            f"The blocks of a document are rendered by a viewer: start one with runicorn viewer --storage {root},"
            " or name one by --url",
            NOT_AVAILABLE,
        )
    return str(viewers[0]["url"])
