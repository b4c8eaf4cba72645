"""Responses about documents of a project: entries of its notebook and reports. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, TypedDict

from runicorn.newer_python import NotRequired


class DocumentEntry(TypedDict):
    """A document in a list."""

    name: str
    title: str
    kind: Annotated[str, "`note`, `hypothesis`, `result` or `decision`, or a word that was written by hand."]
    authors: Annotated[list[str], "The one who created it first."]
    runs: Annotated[list[str], "Ids of the runs that it is about."]
    created_at: float
    updated_at: float
    etag: str
    excerpt: Annotated[str, "The beginning of the text, or the place that was searched for."]
    error: NotRequired[Annotated[str, "Why the file cannot be used."]]


class Documents(TypedDict):
    """A page of documents, the last created first."""

    documents: list[DocumentEntry]
    total: int
    page: int
    per_page: int


class DocumentDetail(DocumentEntry):
    """A document with its text in Markdown."""

    project: str
    text: str


class DocumentConflict(TypedDict):
    """The stored version is not the one that the change builds on."""

    detail: str
    etag: Annotated[str | None, "The stored version; null if the document was deleted."]
