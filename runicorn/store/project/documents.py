"""Documents of a project: entries of its lab notebook and reports, as Markdown files in its folders `notebook/` and `reports/`.

    ---
    title: Warmup stops the divergence
    kind: decision
    authors: [ada, agent]
    runs: [20260101_120000_abcdef]
    created: 2026-12-01T11:00:00Z
    updated: 2026-12-01T11:20:00Z
    ---
    Text in Markdown.

All fields are optional, and lines that are unknown are kept: people write the files by hand, too. A file is replaced as
a whole. A change may name the version that it builds on (`etag`) and is refused if another one is stored. Links that
lead out of the store are not followed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.store import curation
from runicorn.store.containment import check_inside
from runicorn.store.layout import CONTROL, InvalidName
from runicorn.store.project.folder import check_file_name, project_folder

NOTEBOOK, REPORTS = "notebook", "reports"
FOLDERS = (NOTEBOOK, REPORTS)
SUFFIX = ".md"
KINDS = ("note", "hypothesis", "result", "decision")
CEILING = 512 * 1024
"""Bytes of the largest file."""
TEXT_LENGTH, TITLE_LENGTH, NAME_LENGTH, WORDS_BYTES = 100_000, 200, 100, 180
MOST_DOCUMENTS, MOST_RUNS, MOST_AUTHORS, MOST_FIELDS = 5000, 100, 50, 100
LATEST = 1e11
"""Unix seconds of the latest date of a document; the earliest is 0."""
ANY, NONE = "*", ""
"""Expected versions: any or none at all, and no document yet."""
NO_VERSION = "* is no version of a document: name the one that the change builds on."

FENCE = "---"
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)[ \t]*:(?:[ \t]+(.*))?")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&])")


class InvalidDocument(ValueError):
    """A field is malformed; the message says which."""


class DocumentNotFound(LookupError):
    """The project has no document of that name."""


class DocumentChanged(Exception):
    """The stored version is not the one that the change builds on.

    Attributes:
        etag: the stored version; None if the document is missing.
    """

    def __init__(self, etag: str | None, expected: str) -> None:
        if etag is None:
            sentence = "The document was deleted meanwhile"
        elif expected == NONE:
            sentence = "The document exists: name the version that the change builds on"
        else:
            sentence = "The document was changed meanwhile"
        super().__init__(sentence)
        self.etag = etag


@dataclass(frozen=True)
class Document:
    """A document.

    Attributes:
        kind: one of `KINDS`, or another word that was written by hand.
        authors: the one who created it first.
        runs: ids of the runs that it is about.
        created, updated: Unix seconds; 0.0 for unknown.
        others: lines of the front matter with unknown fields.
        name, etag: of the stored file.
        error: why the file cannot be used.
    """

    title: str = ""
    text: str = ""
    kind: str = KINDS[0]
    authors: Sequence[str] = ()
    runs: Sequence[str] = ()
    created: float = 0.0
    updated: float = 0.0
    others: Sequence[str] = field(default=(), repr=False)
    name: str = ""
    etag: str = ""
    error: str = ""


def check_name(name: object) -> str:
    """Return a valid name of a document.

    Raises:
        InvalidName: it is not text of 1 to 100 characters, or cannot be the name of a file.
    """
    return check_file_name(name, "name of a document")


def folder_of(root: Path, project: str, folder: str) -> Path:
    """Return one of the `FOLDERS` of a project."""
    return check_inside(root, project_folder(root, project) / folder)


def path_of(root: Path, project: str, folder: str, name: str) -> Path:
    """Return the file of a document.

    Raises:
        InvalidName: name or project is invalid.
    """
    return folder_of(root, project, folder) / f"{check_name(name)}{SUFFIX}"


def names(root: Path, project: str, folder: str) -> list[str]:
    """Return the names of the documents of a folder, the last by name first; at most `MOST_DOCUMENTS`."""
    try:
        with os.scandir(folder_of(root, project, folder)) as entries:
            stems = [
                entry.name[: -len(SUFFIX)]
                for entry in entries
                if entry.name.endswith(SUFFIX) and not entry.name.startswith(".") and entry.is_file()
            ]
    except OSError:
        return []
    return sorted((name for name in stems if _is_name(name)), reverse=True)[:MOST_DOCUMENTS]


def read(root: Path, project: str, folder: str, name: str) -> Document:
    """Return a document.

    Raises:
        InvalidName: name or project is invalid.
        DocumentNotFound: it is missing.
        OSError: it cannot be read.
    """
    path = path_of(root, project, folder, name)
    try:
        raw = _platform.read_regular(path, CEILING + 1, follow_links=False)
        changed = os.lstat(path).st_mtime
    except FileNotFoundError:
        raise DocumentNotFound(name) from None
    return parse(raw, name, changed)


def parse(raw: bytes, name: str, changed: float) -> Document:
    """Return the document in the bytes of a file; `changed` is its time, for fields that it does not have."""
    etag = hashlib.sha256(raw).hexdigest()[:32]
    if len(raw) > CEILING:
        error = f"The file is larger than {CEILING // 1024} KiB and was not read."
        return Document(name, name=name, etag=etag, error=error, created=changed, updated=changed)
    content = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    values, others, text = _split(content.replace("\r\n", "\n"))
    authors = _texts(values.get("author", "")) + _texts(values.get("authors", ""))
    created, updated = (_seconds(values.get(key, "")) for key in ("created", "updated"))
    return Document(
        title=_plain(values.get("title", ""))[:TITLE_LENGTH] or heading(text) or name,
        text=text,
        kind=_plain(values.get("kind", ""))[:NAME_LENGTH] or KINDS[0],
        authors=tuple(dict.fromkeys(author[:NAME_LENGTH] for author in authors))[:MOST_AUTHORS],
        runs=tuple(dict.fromkeys(_texts(values.get("runs", ""))))[:MOST_RUNS],
        created=changed if created is None else created,
        updated=changed if updated is None else updated,
        others=others,
        name=name,
        etag=etag,
    )


def format_document(document: Document) -> bytes:
    """Return the content of the file of a document.

    Raises:
        InvalidDocument: a field is malformed.
    """
    _check(document)
    lines = [FENCE, f"title: {_quoted(document.title)}", f"kind: {_quoted(document.kind)}"]
    if document.authors:
        lines.append(f"authors: [{', '.join(map(_quoted, document.authors))}]")
    if document.runs:
        lines.append(f"runs: [{', '.join(map(_quoted, document.runs))}]")
    lines += [f"created: {_moment(document.created)}", f"updated: {_moment(document.updated)}"]
    text = document.text.replace("\r\n", "\n").strip("\n")
    return "\n".join([*lines, *document.others, FENCE, text, ""]).encode("utf-8", "replace")


def write(
    root: Path, project: str, folder: str, name: str, document: Document, *, expected: str = ANY
) -> Document:
    """Replace or create a document; its time of creation and its authors stay those of the stored one.

    Args:
        project: its project; the folder is created.
        document: title, text, kind, runs, and the author of the change. `created` is that of a new document; an
            empty kind keeps that of the stored one.
        expected: version that the change builds on, `NONE` for a new document, or `ANY`.

    Raises:
        InvalidDocument, InvalidName: a field, the name or the project is invalid; nothing was changed.
        DocumentChanged: another version is stored. Writing the stored text again changes nothing.
    """

    path = path_of(root, project, folder, name)
    with _locked(root):
        current = _stored(root, project, folder, name)
        document = replace(document, kind=document.kind or (current.kind if current else KINDS[0]))
        if current is None and expected not in (ANY, NONE):
            raise DocumentChanged(None, expected)
        if current is None:
            return _replace(root, path, name, document)
        if _content(document) == _content(current):
            return current
        if expected not in (ANY, current.etag):
            raise DocumentChanged(current.etag, expected)
        authors = _joined(current.authors, document.authors)
        changed = replace(document, authors=authors, created=current.created, others=current.others)
        return _replace(root, path, name, changed)


def create(root: Path, project: str, folder: str, document: Document) -> Document:
    """Store a new document under a free name: its date, and words of its title.

    Raises:
        InvalidDocument, InvalidName: a field or the project is invalid.
    """
    words = re.sub(r"[\W_]+", "-", document.title.lower()).strip("-")[:60]
    words = (
        words.encode("utf-8", "ignore")[:WORDS_BYTES].decode("utf-8", "ignore").strip("-") or document.kind
    )
    day = time.strftime("%Y-%m-%d", time.gmtime(document.created or time.time()))
    with _locked(root):
        number, name = 1, f"{day}-{words}"
        while os.path.lexists(path_of(root, project, folder, name)):
            number += 1
            name = f"{day}-{words}-{number}"
        return _replace(root, path_of(root, project, folder, name), name, document)


def append(
    root: Path, project: str, folder: str, name: str, text: str, author: str, *, runs: Sequence[str] = ()
) -> Document:
    """Add a paragraph, below the name of its author and the time.

    Raises:
        DocumentNotFound: it is missing.
        InvalidDocument, InvalidName: the text is blank or too long, or a name is invalid.
    """
    if not text.strip():
        raise InvalidDocument("The text is blank.")
    with _locked(root):
        current = read(root, project, folder, name)
        if current.error:
            raise InvalidDocument(current.error)
        moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        signed = _MARKDOWN.sub(r"\\\1", author) + ", " if author else ""
        added = replace(
            current,
            text=f"{current.text.rstrip()}\n\n#### {signed}{moment}\n\n{text.strip()}".lstrip(),
            # A sweep may add to one entry for ever: who wrote first and the last runs are named at its head.
            authors=_joined(current.authors, [author] if author else [])[:MOST_AUTHORS],
            runs=_joined(current.runs, runs)[-MOST_RUNS:],
        )
        return _replace(root, path_of(root, project, folder, name), name, added)


def delete(root: Path, project: str, folder: str, name: str, *, expected: str = ANY) -> None:
    """Remove a document.

    Raises:
        DocumentChanged: another version is stored than `expected`.
        DocumentNotFound, InvalidName: it is missing, or a name is invalid.
    """
    with _locked(root):
        current = _stored(root, project, folder, name)
        if current is None:
            raise DocumentNotFound(name)
        if expected not in (ANY, current.etag):
            raise DocumentChanged(current.etag, expected)
        path_of(root, project, folder, name).unlink(missing_ok=True)


def place(root: Path, project: str, folder: str, name: str, raw: bytes, *, expected: str = ANY) -> None:
    """Write the file of a document as it was received.

    Raises:
        DocumentChanged: another version is stored than `expected`.
        InvalidDocument, InvalidName: it is too large, or a name is invalid.
    """
    if len(raw) > CEILING:
        raise InvalidDocument(f"A document has at most {CEILING // 1024} KiB.")
    path = path_of(root, project, folder, name)
    with _locked(root):
        if expected != ANY:
            before = _stored(root, project, folder, name)
            if expected != (before.etag if before else NONE):
                raise DocumentChanged(before.etag if before else None, expected)
        path.parent.mkdir(parents=True, exist_ok=True)
        _platform.replace_file(check_inside(root, path), raw)


def _replace(root: Path, path: Path, name: str, document: Document) -> Document:
    now = time.time()
    timed = replace(document, updated=now, created=document.created or now)
    content = format_document(timed)
    path.parent.mkdir(parents=True, exist_ok=True)
    _platform.replace_file(check_inside(root, path), content)
    return parse(content, name, now)


def _stored(root: Path, project: str, folder: str, name: str) -> Document | None:
    try:
        return read(root, project, folder, name)
    except DocumentNotFound:
        return None


def _locked(root: Path) -> Any:
    return _platform.file_lock(curation.private_folder(root) / "documents.lock")


def _content(document: Document) -> tuple[object, ...]:
    text = document.text.replace("\r\n", "\n").strip("\n")
    return document.title, text, document.kind, tuple(document.runs), not document.error


def _joined(first: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *more)))


def _check(document: Document) -> None:
    if not document.title.strip():
        raise InvalidDocument("A document needs a title.")
    _check_text(document.title, "title", TITLE_LENGTH)
    _check_text(document.kind, "kind", NAME_LENGTH)
    for key, values, most in (
        ("authors", document.authors, MOST_AUTHORS),
        ("runs", document.runs, MOST_RUNS),
    ):
        if len(values) > most:
            raise InvalidDocument(f"{key} has at most {most} entries.")
        for value in values:
            _check_text(value, key, NAME_LENGTH)
    if len(document.text) > TEXT_LENGTH:
        raise InvalidDocument(f"The text has at most {TEXT_LENGTH:,} characters.")


def _check_text(value: object, key: str, longest: int) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= longest or CONTROL.search(value) or "\n" in value:
        raise InvalidDocument(f"{key} must be one line of 1 to {longest} characters.")


def _is_name(name: str) -> bool:
    try:
        return bool(check_name(name))
    except InvalidName:
        return False


def _split(content: str) -> tuple[dict[str, str], tuple[str, ...], str]:
    """Return the fields of the front matter, its other lines, and the text; all is text if there is no front matter."""
    lines = content.split("\n")
    if lines[0].rstrip() != FENCE:
        return {}, (), content.strip("\n")
    try:
        end = next(n for n, line in enumerate(lines[1 : MOST_FIELDS + 2], 1) if line.rstrip() == FENCE)
    except StopIteration:
        return {}, (), content.strip("\n")
    values: dict[str, str] = {}
    others: list[str] = []
    key = ""
    for line in lines[1:end]:
        match = _FIELD.fullmatch(line.rstrip())
        if match is not None:
            key = match.group(1).lower()
        if key in _KNOWN:
            item = line.strip()
            if match is not None:
                values[key] = (match.group(2) or "").strip()
            elif item.startswith("- "):  # a list with an item a line
                values[key] = f"{values[key]}, {item[2:]}" if values[key] else item[2:]
        elif line.strip():
            others.append(line.rstrip())
    return values, tuple(others), "\n".join(lines[end + 1 :]).strip("\n")


_KNOWN = frozenset({"title", "kind", "author", "authors", "runs", "created", "updated"})


def _plain(value: str) -> str:
    """Return a scalar without its quotes, in one line."""
    if value[:1] == '"':
        try:
            value = str(json.loads(value))
        except ValueError:
            value = value.strip('"')
    elif len(value) > 1 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'")
    return one_line(value)


def one_line(text: str) -> str:
    """Return a text with its control characters and white space as single blanks."""
    return " ".join(CONTROL.sub(" ", text).split())


def _texts(value: str) -> list[str]:
    inner = value[1:-1] if value[:1] == "[" and value[-1:] == "]" else value
    items = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^,]+)', inner)
    return [text for item in items if (text := _plain(item.strip()))]


def _quoted(text: str) -> str:
    """Return a text as a scalar of YAML, in a list too."""
    is_plain = re.fullmatch(r"[^\W\d][\w ./()+-]*(?<! )|\d{8}_\d{6}_\w{6}", text)
    is_word = text.lower() in {"true", "false", "yes", "no", "on", "off", "null", "nan", "y", "n"}
    return text if is_plain and not is_word else json.dumps(text, ensure_ascii=False)


def heading(text: str) -> str:
    """Return the first heading of a text, or its first line, without marks of emphasis, code and links."""
    for line in text.split("\n"):
        if line.strip():
            plain = re.sub(r"(\*\*|`+)(\S(?:.*?\S)?)\1", r"\2", line.lstrip("# ").strip())
            return re.sub(r"\[([^\]]+)\]\([^)\s]*\)", r"\1", plain)[:TITLE_LENGTH]
    return ""


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(text: str) -> float | None:
    """Return a date as Unix seconds; None if it is malformed or out of the range that the API accepts."""
    plain = _plain(text)
    try:
        moment = datetime.fromisoformat(f"{plain[:-1]}+00:00" if plain.endswith("Z") else plain)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= LATEST else None
