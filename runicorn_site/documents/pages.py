"""Pages of the lab notebook and of reports: list, document beside its editor, document as one file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render as render_page
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from runicorn.store.layout import InvalidName
from runicorn.store.project import documents
from runicorn.store.project.documents import NOTEBOOK, REPORTS, Document
from runicorn_site.page_file.response import page_response
from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import fragment
from runs.models import Run, StorageRoot
from runs.pages.project import project_or_404
from runs.query.documents import excerpt, find_documents, read_document
from runs.services.dead_runs import refresh_before_listing

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    from runicorn_site.documents.blocks import Context

TITLES = {NOTEBOOK: gettext_lazy("Notebook"), REPORTS: gettext_lazy("Reports")}
KIND_LABELS = {
    "note": gettext_lazy("Note"),
    "hypothesis": gettext_lazy("Hypothesis"),
    "result": gettext_lazy("Result"),
    "decision": gettext_lazy("Decision"),
}
PER_PAGE, WHOLE_PER_PAGE = 50, 20
DECISION = "decision"
MOST_RUNS = 20


class FolderContext(TypedDict):
    """The folder of a page, and the names of its routes."""

    project: str
    folder: str
    folder_title: StrPromise
    is_notebook: bool
    list_address: str
    document_address: str
    file_address: str


class EntryContext(TypedDict):
    """An entry of the list; `body` is empty unless it is shown as a whole."""

    document: Document
    label: str
    excerpt: str
    body: str
    authors: str


class DocumentContext(TypedDict):
    """A document; `runs` are ids and labels of the runs that it is about."""

    document: Document
    label: str
    authors: str
    runs: list[tuple[str, str]]
    body: str


@access(Scope.READ)
@blocking
@require_safe
def list_page(request: HttpRequest, project: str, folder: str) -> HttpResponse:
    """List the documents of a project; decisions as a whole, so that their history is read on one page."""
    root = project_or_404(project)
    if "new" in request.GET:
        return _editor(request, project, folder, Document(), is_new=True)
    search, kind = request.GET.get("q", "").strip()[:200], request.GET.get("kind", "")
    run, number = request.GET.get("run", ""), request.GET.get("page", "1")
    page = max(int(number[:6]), 1) if number.isdecimal() else 1
    matches = find_documents(Path(root.path), project, folder, search=search, kind=kind, run=run)
    is_whole = kind == DECISION
    size = WHOLE_PER_PAGE if is_whole else PER_PAGE
    visible = matches[(page - 1) * size : page * size]
    context = _context(root, project)
    context_of_page = {
        **_names(project, folder),
        "search": search,
        "kind": kind,
        "run": run,
        "kinds": KIND_LABELS.items() if folder == NOTEBOOK else (),
        "entries": [_entry(entry, search, context if is_whole else None) for entry in visible],
        "total": len(matches),
        "is_empty": not matches and not (search or kind or run),
        "page": page,
        "before": page - 1,
        "after": page + 1 if len(matches) > page * size else 0,
    }
    return render_page(request, "documents/list.html", context_of_page)


@access(Scope.READ)
@blocking
@require_safe
def document_page(request: HttpRequest, project: str, folder: str, name: str) -> HttpResponse:
    """Show a document; with `edit` beside its editor; asked by the page itself, only what may change."""
    root = project_or_404(project)
    refresh_before_listing(root)
    document = _document_or_404(root.path, project, folder, name)
    if "edit" in request.GET:
        return _editor(request, project, folder, document)
    context = {**_names(project, folder), **_shown(document, _context(root, project))}
    if "HX-Request" in request.headers:
        return fragment(request, "documents/_document.html", context)
    return render_page(request, "documents/document.html", context)


@access(Scope.READ, recorded=False)
@blocking
@require_POST
def preview(request: HttpRequest, project: str, folder: str) -> HttpResponse:
    """Render a text that is being edited."""
    from runicorn_site.documents.render import render

    root = project_or_404(project)
    text = request.POST.get("text", "")[: documents.TEXT_LENGTH]
    return HttpResponse(render(text, _context(root, project)))


@access(Scope.READ)
@blocking
@require_safe
def document_file(request: HttpRequest, project: str, folder: str, name: str) -> HttpResponseBase:
    """Return the document as one file that needs no server."""
    from runicorn_site.documents.render import render_document
    from runicorn_site.page_file.document import saved_document

    root = project_or_404(project)
    document = _document_or_404(root.path, project, folder, name)
    context = _context(root, project)
    body = render_document(document, context)
    facts = [_kind_label(document.kind)] if folder == NOTEBOOK else []
    facts += [*document.authors, time.strftime("%Y-%m-%d", time.gmtime(document.created))]
    page = saved_document(
        Path(root.path),
        document.title,
        f"{project} · {' · '.join(facts)}",
        body,
        list(context.charted_runs),
        context.charts,
        request.build_absolute_uri("/"),
    )
    return page_response(request, page)


def _editor(
    request: HttpRequest, project: str, folder: str, document: Document, *, is_new: bool = False
) -> HttpResponse:
    context = {
        **_names(project, folder),
        "document": document,
        "is_new": is_new,
        "kinds": KIND_LABELS.items() if folder == NOTEBOOK else (),
        "kind_by_hand": "" if document.kind in KIND_LABELS else document.kind,
        "runs": ", ".join(document.runs),
        "limit": documents.TEXT_LENGTH,
        "title_limit": documents.TITLE_LENGTH,
    }
    return render_page(request, "documents/edit.html", context)


def _document_or_404(root: str, project: str, folder: str, name: str) -> Document:
    try:
        document = read_document(Path(root), project, folder, name)
    except InvalidName:
        document = None
    if document is None:
        raise Http404
    return document


def _names(project: str, folder: str) -> FolderContext:
    return {
        "project": project,
        "folder": folder,
        "folder_title": TITLES[folder],
        "is_notebook": folder == NOTEBOOK,
        "list_address": f"{folder}-page",
        "document_address": f"{folder}-document-page",
        "file_address": f"{folder}-document-file",
    }


def _context(root: StorageRoot, project: str) -> Context:
    from runicorn_site.documents.blocks import Context

    return Context(root, project)


def _kind_label(kind: str) -> str:
    return str(KIND_LABELS.get(kind, kind))


def _entry(document: Document, search: str, context: Context | None) -> EntryContext:
    """Return an entry of the list; with a context its whole text."""
    from runicorn_site.documents.render import render_document

    body: SafeString | str = "" if context is None else render_document(document, context)
    return {
        "document": document,
        "label": _kind_label(document.kind),
        "excerpt": excerpt(document, search),
        "body": body,
        "authors": ", ".join(document.authors),
    }


def _shown(document: Document, context: Context) -> DocumentContext:
    from runicorn_site.documents.render import render_document

    return {
        "document": document,
        "label": _kind_label(document.kind),
        "authors": ", ".join(document.authors),
        "runs": _labels(document.runs, context),
        "body": render_document(document, context) if not document.error else "",
    }


def _labels(run_ids: Sequence[str], context: Context) -> list[tuple[str, str]]:
    """Return the ids of the runs that are there, with their names; of others the id alone."""
    rows = Run.objects.in_root(context.root).live().filter(run_id__in=run_ids[:MOST_RUNS])
    labels = {run.run_id: run.label for run in rows}
    return [(run_id, labels.get(run_id, "")) for run_id in run_ids[:MOST_RUNS]]


def _of_folder(folder: str) -> list[URLPattern]:
    base, kwargs = f"projects/<str:project>/{folder}", {"folder": folder}
    return [
        path(base, list_page, kwargs, name=f"{folder}-page"),
        path(f"{base}-preview", preview, kwargs, name=f"{folder}-preview"),
        path(f"{base}/<str:name>", document_page, kwargs, name=f"{folder}-document-page"),
        path(f"{base}/<str:name>/page.html", document_file, kwargs, name=f"{folder}-document-file"),
    ]


page_patterns = [pattern for folder in documents.FOLDERS for pattern in _of_folder(folder)]
