"""Routes of documents of a project: entries of its lab notebook and reports, stored as files beside its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn import _platform
from runicorn.api.responses.documents import DocumentConflict, DocumentDetail, DocumentEntry, Documents
from runicorn.api.responses.remote import Done
from runicorn.store.project import documents
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.actor import may_change_boards, sender_label
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import endpoint
from runicorn_site.web.readable import current
from runicorn_site.web.serializers import Body, Query
from runs.api.project_files import (
    ERRORS,
    IF_MATCH,
    IF_NONE_MATCH,
    conflict,
    expected_version,
    root_of,
    store_errors,
    versioned,
)
from runs.query.documents import excerpt, find_documents


class DocumentQuery(Query):
    """Filters of the list."""

    q = serializers.CharField(
        default="", allow_blank=True, max_length=200, help_text="Words in title, text or authors."
    )
    kind = serializers.CharField(default="", allow_blank=True, max_length=documents.NAME_LENGTH)
    author = serializers.CharField(default="", allow_blank=True, max_length=documents.NAME_LENGTH)
    run = serializers.CharField(
        default="", allow_blank=True, max_length=255, help_text="Id of a run that it is about."
    )
    page = serializers.IntegerField(default=1, min_value=1, max_value=10_000)
    per_page = serializers.IntegerField(default=50, min_value=1, max_value=200)


class DocumentBody(Body):
    """Content of a document."""

    title = serializers.CharField(max_length=documents.TITLE_LENGTH)
    text = serializers.CharField(
        max_length=documents.TEXT_LENGTH,
        allow_blank=True,
        trim_whitespace=False,
        default="",
        help_text="Markdown.",
    )
    kind: Any = serializers.ChoiceField(choices=documents.KINDS, default=documents.KINDS[0])
    runs = serializers.ListField(
        child=serializers.CharField(max_length=documents.NAME_LENGTH),
        default=list,
        max_length=documents.MOST_RUNS,
    )
    author = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=documents.NAME_LENGTH // 2,
        help_text="Name of an agent or a script; the name of the sender is added.",
    )


class DocumentChange(DocumentBody):
    """Content of a document, and the version that it builds on."""

    kind = serializers.CharField(
        required=False,
        max_length=documents.NAME_LENGTH,
        help_text="Another word too, as in files written by hand. Missing: that of the stored document, or `note`.",
    )
    created_at = serializers.FloatField(
        required=False,
        min_value=0,
        max_value=documents.LATEST,
        help_text="Of a new document; now if missing.",
    )
    etag = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="As `If-Match`; empty for a new document."
    )

    def validate_etag(self, etag: str) -> str:
        """Refuse the mark of any version, which would overwrite changes that the sender has not seen."""
        if etag == documents.ANY:
            raise serializers.ValidationError(documents.NO_VERSION)
        return etag


class Paragraph(Body):
    """A paragraph that is added."""

    text = serializers.CharField(max_length=documents.TEXT_LENGTH, help_text="Markdown.")
    author = DocumentBody().fields["author"]


@conditional(looks=False)
class DocumentListView(APIView):
    """The documents of a folder of a project."""

    is_list = True

    @endpoint(scope=Scope.READ, query=DocumentQuery, returns=Documents, errors=ERRORS)
    def get(self, request: Request, project: str, folder: str, query: dict[str, Any]) -> Response:
        """List documents, the last created first."""
        root = _root(project)
        with store_errors():
            matches = find_documents(
                root,
                project,
                folder,
                search=query["q"],
                kind=query["kind"],
                run=query["run"],
                author=query["author"],
            )
        start = (query["page"] - 1) * query["per_page"]
        entries = [entry_of(document, query["q"]) for document in matches[start : start + query["per_page"]]]
        answer = Documents(
            documents=entries, total=len(matches), page=query["page"], per_page=query["per_page"]
        )
        return Response(answer)

    @endpoint(
        scope=Scope.WRITE,
        subject=Subject.PROJECT,
        body=DocumentBody,
        returns={201: DocumentDetail},
        errors=ERRORS,
    )
    def post(self, request: Request, project: str, folder: str, body: dict[str, Any]) -> Response:
        """Create a document, under a name of its date and title."""
        with store_errors():
            document = documents.create(_root(project), project, folder, _document(request, body))
        return _answer(project, document, status.HTTP_201_CREATED)


class DocumentView(APIView):
    """One document."""

    @endpoint(scope=Scope.READ, returns=DocumentDetail, errors=ERRORS)
    def get(self, request: Request, project: str, folder: str, name: str) -> Response:
        """Get a document. `ETag` and `etag` are its version, for `If-Match`."""
        with store_errors():
            return _answer(project, documents.read(_root(project), project, folder, name))

    @endpoint(
        scope=Scope.WRITE,
        subject=Subject.PROJECT,
        body=DocumentChange,
        returns={200: DocumentDetail, 409: DocumentConflict},
        errors=ERRORS,
        headers=[IF_MATCH, IF_NONE_MATCH],
    )
    def put(self, request: Request, project: str, folder: str, name: str, body: dict[str, Any]) -> Response:
        """Create a document or replace its content. Documents of others need the right to curate the project.

        A document is replaced in the version that the change builds on, `If-Match` or `etag`, and without one only
        created; 409 has the present `etag`.
        """
        expected = expected_version(request, body.get("etag", documents.NONE))
        if expected == documents.ANY:
            raise serializers.ValidationError({"If-Match": [documents.NO_VERSION]})
        try:
            with store_errors():
                root = _root(project)
                _check_owner(request, root, project, folder, name)
                document = _document(request, body)
                saved_document = documents.write(root, project, folder, name, document, expected=expected)
        except documents.DocumentChanged as error:
            return conflict(error)
        return _answer(project, saved_document)

    @endpoint(
        scope=Scope.CURATE,
        subject=Subject.PROJECT,
        returns={200: Done, 409: DocumentConflict},
        errors=ERRORS,
        headers=[IF_MATCH],
        request=None,
    )
    def delete(self, request: Request, project: str, folder: str, name: str) -> Response:
        """Delete a document; with `If-Match` only in that version."""
        try:
            with store_errors():
                documents.delete(_root(project), project, folder, name, expected=expected_version(request))
        except documents.DocumentChanged as error:
            return conflict(error)
        return Response(Done(ok=True, message=f"Document deleted: {name}"))


class DocumentAppendView(APIView):
    """Paragraphs of one document."""

    @endpoint(
        scope=Scope.WRITE, subject=Subject.PROJECT, body=Paragraph, returns=DocumentDetail, errors=ERRORS
    )
    def post(self, request: Request, project: str, folder: str, name: str, body: dict[str, Any]) -> Response:
        """Add a paragraph, below the name of its author and the time."""
        with store_errors():
            author = author_of(request, body["author"])
            document = documents.append(_root(project), project, folder, name, body["text"], author)
        return _answer(project, document)


def author_of(request: Any, name: str) -> str:
    """Return the name under which a request writes: that of its sender, after the one that it gives."""
    sender = sender_label(request)
    if not sender:
        return name or _platform.user_name() or "unknown"
    return f"{name} ({sender})" if name and name != sender else sender


def entry_of(document: documents.Document, search: str = "") -> DocumentEntry:
    """Return a document as lists have it."""
    entry = DocumentEntry(
        name=document.name,
        title=document.title,
        kind=document.kind,
        authors=list(document.authors),
        runs=list(document.runs),
        created_at=document.created,
        updated_at=document.updated,
        etag=document.etag,
        excerpt=excerpt(document, search),
    )
    if document.error:
        entry["error"] = document.error
    return entry


def _document(request: Request, body: dict[str, Any]) -> documents.Document:
    return documents.Document(
        title=body["title"],
        text=body["text"],
        kind=body.get("kind", ""),
        authors=[author_of(request, body["author"])],
        runs=list(dict.fromkeys(body["runs"])),
        created=body.get("created_at") or 0.0,
    )


def _check_owner(request: Request, root: Path, project: str, folder: str, name: str) -> None:
    """Refuse to replace the document of another user without the right to curate the project."""
    if may_change_boards(request, project):
        return
    try:
        document = documents.read(root, project, folder, name)
    except documents.DocumentNotFound:
        return
    sender, creator = sender_label(request), next(iter(document.authors), "")
    if not sender or (creator != sender and not creator.endswith(f" ({sender})")):
        raise PermissionDenied


def _root(project: str) -> Path:
    """Return the storage root, if it has that project, and the sender may read it."""
    with store_errors():
        if project not in current():
            raise NotFound(f"Project not found: {project}")
        return root_of(project)


def _answer(project: str, document: documents.Document, code: int = status.HTTP_200_OK) -> Response:
    return versioned(
        DocumentDetail(**entry_of(document), project=project, text=document.text), document.etag, code
    )
