"""Entries of the lab notebooks of a store or a viewer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn.api import urls
from runicorn.store.layout import InvalidName
from runicorn.store.project import documents
from runicorn.store.project.documents import NOTEBOOK, Document
from runicorn.store.project.folder import project_folder
from runicorn_site.catalog.base import BadQuestion, Catalog, CatalogError, NotPermitted, system_error
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.catalog.viewer import ViewerCatalog, answered
from runs.query.documents import excerpt, find_documents

MOST = 20
"""Entries of one list."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry in a list, with the beginning of its text, or the place that was searched for."""

    entry: Document
    excerpt: str


def find_entries(
    catalog: Catalog, project: str, *, first: int = 0, search: str = "", kind: str = "", run: str = ""
) -> tuple[list[Listed], int]:
    """Return entries from a place on, the last created first, at most `MOST`, and the number of all that match.

    Args:
        search: words that all occur in title, text or names of authors.
        kind: of the entry.
        run: id of a run that it is about, or that its text names.
    """
    if isinstance(catalog, ViewerCatalog):
        query = {"q": search, "kind": kind, "run": run, "per_page": MOST}
        entries: list[Listed] = []
        total = 0
        for page in (first // MOST + 1, first // MOST + 2):
            answer = _ask(catalog, "GET", project, params={**query, "page": page})
            total = answer["total"]
            entries += [Listed(_document(entry), entry["excerpt"]) for entry in answer["documents"]]
            if first % MOST == 0:
                break
        return entries[first % MOST :][:MOST], total
    with _stored(project):
        root = _root(catalog, project)
        matches = find_documents(root, project, NOTEBOOK, search=search, kind=kind, run=run)
    visible = matches[first : first + MOST]
    return [Listed(entry, excerpt(entry, search)) for entry in visible], len(matches)


def read_entry(catalog: Catalog, project: str, name: str) -> Document:
    """Return an entry.

    Raises:
        CatalogError: it does not exist, or cannot be read.
    """
    if isinstance(catalog, ViewerCatalog):
        return _document(_ask(catalog, "GET", project, name))
    with _stored(project):
        return documents.read(_root(catalog, project), project, NOTEBOOK, name)


def append_to_entry(catalog: Catalog, project: str, name: str, text: str, author: str) -> Document:
    """Add a paragraph below the name of its author, and return the entry."""
    if isinstance(catalog, ViewerCatalog):
        return _document(
            _ask(catalog, "POST", project, name, "append", body={"text": text, "author": author})
        )
    with _stored(project):
        return documents.append(_root(catalog, project), project, NOTEBOOK, name, text, author)


def write_entry(catalog: Catalog, project: str, entry: Document) -> Document:
    """Create an entry, or replace the version `entry.etag` of the one called `entry.name`, and return what is stored.

    Args:
        entry: without a name it gets one of its date and title; without an `etag` none of its name may exist. Its only
            author is who writes.

    Raises:
        CatalogError: a field is malformed, another version is stored, or it is an entry of another author.
    """
    if entry.etag == documents.ANY:
        raise BadQuestion(documents.NO_VERSION)
    if isinstance(catalog, ViewerCatalog):
        body = {
            "title": entry.title,
            "text": entry.text,
            "kind": entry.kind,
            "runs": list(entry.runs),
            "author": entry.authors[0],
        }
        if not entry.name:
            return _document(_ask(catalog, "POST", project, body=body))
        return _document(_ask(catalog, "PUT", project, entry.name, body={**body, "etag": entry.etag}))
    if entry.kind not in documents.KINDS:
        raise BadQuestion(f"kind must be one of {', '.join(documents.KINDS)}.")
    with _stored(project):
        root = _root(catalog, project)
        if not entry.name:
            return documents.create(root, project, NOTEBOOK, entry)
        if entry.etag:
            # As a viewer has it: who writes replaces own entries, and adds paragraphs to those of others.
            authors = documents.read(root, project, NOTEBOOK, entry.name).authors
            if tuple(authors[:1]) != tuple(entry.authors):
                raise NotPermitted("The entry is that of another author: a paragraph can be added to it.")
        return documents.write(root, project, NOTEBOOK, entry.name, entry, expected=entry.etag)


def _ask(
    catalog: ViewerCatalog,
    method: str,
    project: str,
    *parts: str,
    params: Mapping[str, Any] | None = None,
    body: object = None,
) -> Any:
    with answered():
        path = urls.path("v2", "projects", project, NOTEBOOK, *parts)
        return catalog.client._transport.json(method, path, params=urls.query(params or {}), body=body)


def _document(answer: Mapping[str, Any]) -> Document:
    """Return the entry in an answer; in that of a list it has no text."""
    return Document(
        title=answer["title"],
        text=answer.get("text", ""),
        kind=answer["kind"],
        authors=answer["authors"],
        runs=answer["runs"],
        created=answer["created_at"],
        updated=answer["updated_at"],
        name=answer["name"],
        etag=answer["etag"],
        error=answer.get("error", ""),
    )


def _root(catalog: Catalog, project: str) -> Path:
    if not isinstance(catalog, StoreCatalog):
        raise CatalogError("This needs the store itself.")
    if not project_folder(catalog.root, project).is_dir():
        raise BadQuestion(f"Project not found: {project}")
    return catalog.root


@contextmanager
def _stored(project: str) -> Iterator[None]:
    """Raise errors of the store as `CatalogError`."""
    try:
        yield
    except documents.DocumentNotFound as error:
        raise BadQuestion(f"Document not found: {error}") from error
    except documents.DocumentChanged as error:
        raise CatalogError(f"{error}: read it again for its version.") from error
    except (documents.InvalidDocument, InvalidName) as error:
        raise BadQuestion(str(error)) from error
    except OSError as error:
        raise system_error(project, error) from error
