"""Page of a version: its description, files, a preview of one file, runs, and lineage."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from artifacts.api import downloads
from artifacts.errors import Damaged, NotFound, Unavailable
from artifacts.models import File, Use, Version
from artifacts.pages.artifact import runs_by_id, uses_of
from artifacts.pages.lineage import panel
from artifacts.services import lookup, maintenance, stages
from runicorn_site.web.access import Scope, access
from runicorn_site.web.messages import sentence_of
from runicorn_site.web.paginator import Page, Paginator, page_number
from runicorn_site.web.pools import blocking
from runicorn_site.web.preview import BEGINNING, NOTHING, Preview, preview, suffix
from runs.index.run_files import PICTURES
from runs.pages.key_values import Pairs
from runs.store.sanitize import clean_text
from runs.store.sanitize import number as finite

FILES = 200
"""Files on a page."""
REFERENCES = USERS = 200
"""References and runs on the page."""
STEPS = 10
"""Changes of stage on the page, newest first."""
LARGEST_PREVIEW = 256 * 1024 * 1024
"""Bytes of the largest file with a preview: the whole file is read to verify its digest."""
LARGEST_PICTURE = 16 * 1024 * 1024


class FilePreview(TypedDict):
    """A preview of one file, or the reason why it cannot be shown."""

    path: str
    size: NotRequired[int]
    digest: NotRequired[str]
    problem: NotRequired[str]
    picture: NotRequired[bool]
    preview: NotRequired[Preview]


class FileRow(TypedDict):
    file: File
    address: str
    here: bool


class FilesContext(TypedDict):
    here: str
    find: str
    file_page: Page
    files: list[FileRow]
    close: str
    chosen: FilePreview | None


Step = TypedDict("Step", {"at": float | None, "from": str, "to": str, "notes": str})
"""A change of the lifecycle stage."""


@access(Scope.READ)
@blocking
@require_safe
def version_page(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Render the page of a version, deleted or not; `?file=` previews one of its files."""
    return show_version(request, lookup.get_version(name, number, type), request.GET)


def show_version(request: HttpRequest, version: Version, query: QueryDict, error: str = "") -> HttpResponse:
    """Render the page of a version for a query string; with an error also the refused input."""
    artifact = version.artifact
    numbers = list(artifact.versions.live().order_by("-number").values_list("number", flat=True))
    uses = uses_of(artifact, Use.USED, [version.number])
    metadata = Pairs(version.metadata)
    tags = "\n".join(map(str, version.tags))
    values = {"description": version.description, "tags": tags, "metadata": metadata.json}
    context = {
        "artifact": artifact,
        "version": version,
        "aliases": artifact.aliases_of(version.number),
        "latest": artifact.latest == version.number,
        "others": [number for number in numbers if number != version.number],
        "before": next((number for number in numbers if number < version.number), None),
        "maker": runs_by_id(artifact.root, [version.run_id]).get(version.run_id),
        "users": [use.run for use in uses[:USERS]],
        "user_count": uses.count(),
        "metadata": metadata,
        "values": values | (request.POST.dict() if error else {}),
        "stages": stages.TRANSITIONS[stages.stage_of(version.stage)],
        "transitions": transitions(version)[:STEPS],
        "verified": version.curation.get("verified_at"),
        "problem": version.problem,
        "damage": damage(version),
        "restored": _names(version.curation.get("mended_files")),
        "references": version.references[:REFERENCES],
        "frees": maintenance.freed_by(versions=[version]) if version.deleted is not None else 0,
        **files_context(version, query),
        "lineage": panel(version, query.get("depth", "")),
    }
    if error:
        context |= {"error": error, "entered": request.POST.dict()}
    return render(request, "artifacts/version.html", context, status=400 if error else 200)


def damage(version: Version) -> list[tuple[str, str]]:
    """Return the paths of damaged files and how each differs, as the last verification found them."""
    corruption = version.curation.get("corruption")
    reasons = corruption if isinstance(corruption, dict) else {}
    paths = _names(version.curation.get("corrupted_files"))
    return [(path, clean_text(reasons.get(path), 200) or _("damaged")) for path in paths]


def _names(value: object) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def transitions(version: Version) -> list[Step]:
    """Return the changes of the stage, newest first; malformed values are left out."""
    recorded = version.curation.get("stage_transitions")
    return [
        {
            "at": finite(step.get("timestamp")),
            "from": clean_text(step.get("from_stage"), 32),
            "to": clean_text(step.get("to_stage"), 32),
            "notes": clean_text(step.get("notes"), 1000),
        }
        for step in reversed(recorded if isinstance(recorded, list) else [])
        if isinstance(step, dict)
    ]


def files_context(version: Version, query: QueryDict) -> FilesContext:
    """Return the files that match the search, and a preview of the selected one."""
    here = reverse("artifact-version", args=[version.artifact.type, version.artifact.name, version.number])
    find, selected = query.get("find", "").replace("\0", "").strip()[:200], query.get("file", "")
    files = version.files.order_by("path")
    for word in find.split():
        files = files.filter(path__icontains=word)
    total = files.count() if find else version.num_files
    number = page_number(query.get("files", ""))
    params = {
        key: value for key, value in (("find", find), ("files", str(number) if number > 1 else "")) if value
    }

    def address(**changes: Any) -> str:
        return f"{here}?{urlencode(params | changes)}#files"

    pages = Paginator(files, FILES, count=total, address=lambda other: address(files=other))
    page = pages.get_page(number)
    rows = [FileRow(file=file, address=address(file=file.path), here=file.path == selected) for file in page]
    return {
        "here": here,
        "find": find,
        "file_page": page,
        "files": rows,
        "close": address(),
        "chosen": file_preview(version, selected) if selected else None,
    }


def file_preview(version: Version, path: str) -> FilePreview:
    """Return a preview of one file, or the reason if it has none."""
    try:
        entry = downloads.entry_of(version, path)
    except NotFound as error:
        return {"path": path, "problem": sentence_of(error)}
    about: FilePreview = {"path": path, "size": entry.size, "digest": entry.digest}
    if is_picture(path, entry.size):
        return {**about, "picture": True}
    if entry.size > LARGEST_PREVIEW:
        return {**about, "preview": Preview(NOTHING, _("The file is too large to preview."))}
    try:
        content = downloads.beginning(version, entry, BEGINNING)
    except (Damaged, Unavailable) as error:
        return {**about, "problem": sentence_of(error)}
    return {**about, "preview": preview(path, content, entry.size)}


def is_picture(path: str, size: int) -> bool:
    """Whether a browser may show a file as an image."""
    return suffix(path) in PICTURES and 0 < size <= LARGEST_PICTURE
