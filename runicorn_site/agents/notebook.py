"""Tools for the lab notebooks of projects: hypotheses, results and decisions, each by name."""

from __future__ import annotations

from typing import ClassVar

from runicorn.store.project.documents import Document
from runicorn_site.agents.answers import PIECE_TOKENS, answer, cell, escape, moment, part, tokens
from runicorn_site.agents.budget import Budget
from runicorn_site.catalog.base import Catalog
from runicorn_site.catalog.names import find_run, find_runs
from runicorn_site.catalog.notebook import (
    Listed,
    append_to_entry,
    find_entries,
    read_entry,
    write_entry,
)


class Notebook:
    """Tools over the lab notebooks of one catalog.

    Raises: all methods raise `CatalogError` or `Refused` with a sentence.
    """

    READING: ClassVar[tuple[str, ...]] = ("read_notebook", "search_notebook")
    CHANGING: ClassVar[tuple[str, ...]] = ("append_notebook", "write_notebook")

    def __init__(self, catalog: Catalog, budget: Budget, author: str = "agent") -> None:
        self._catalog = catalog
        self._budget = budget
        self._author = author

    def read_notebook(self, project: str, name: str = "", start: int = 0) -> str:
        """Read one entry of the lab notebook of a project, a part at a time; without a name list them, the newest first.

        Args:
            project: the project.
            name: name of the entry.
            start: first character of the part, or first entry of the list.
        """
        first = max(start, 0)
        if not name:
            return self._list(project, first, "", "", "")
        entry = read_entry(self._catalog, project, name)
        whole = _whole(entry)
        piece = part(whole, first)
        end = first + len(piece)
        facts = f"An entry of {len(whole):,} characters."
        return answer(facts, piece, f"More: start={end}." if end < len(whole) else "")

    def search_notebook(
        self, project: str, words: str = "", kind: str = "", run: str = "", start: int = 0
    ) -> str:
        """Find entries of the lab notebook of a project: what was tried, decided, written about a run?

        Args:
            project: the project.
            words: words that all occur in title, text or names of authors.
            kind: note, hypothesis, result or decision.
            run: a run that the entries are about, as for show_run.
            start: first entry of the list.
        """
        about = find_run(self._catalog, run).id if run else ""
        return self._list(project, max(start, 0), words, kind, about)

    def append_notebook(self, project: str, name: str, text: str) -> str:
        """Add a paragraph to an entry of the lab notebook of a project, below the name of the agent and the time.

        Args:
            project: the project.
            name: name of the entry.
            text: Markdown.
        """
        read_entry(self._catalog, project, name)
        self._budget.spend()
        entry = append_to_entry(self._catalog, project, name, text, self._author)
        return _written("The entry has a new paragraph.", entry)

    def write_notebook(
        self,
        project: str,
        title: str,
        text: str,
        kind: str = "note",
        runs: list[str] | None = None,
        name: str = "",
        version: str = "",
    ) -> str:
        """Write a new entry of the lab notebook of a project, or replace one that the agent wrote.

        Args:
            project: the project.
            title: one line.
            text: Markdown; blocks such as `chart` show runs live.
            kind: note, hypothesis, result or decision.
            runs: the runs that it is about, each as for show_run.
            name: name of the entry; of its date and title if empty.
            version: the version that is replaced, as read_notebook shows it; empty for a new entry.
        """
        ids = [entry.id for entry in find_runs(self._catalog, runs)] if runs else []
        if name and version:
            read_entry(self._catalog, project, name)
        else:
            find_entries(self._catalog, project)
        self._budget.spend()
        entry = Document(title, text, kind, [self._author], ids, name=name, etag=version)
        return _written("The entry was written.", write_entry(self._catalog, project, entry))

    def _list(self, project: str, first: int, words: str, kind: str, run: str) -> str:
        entries, total = find_entries(self._catalog, project, first=first, search=words, kind=kind, run=run)
        if not entries:
            return answer(f"{_entries(total)} matched; none from {first} on.")
        lines = ["name | kind | title | authors | updated | text"]
        for each in entries:
            line = _line(each)
            if len(lines) > 1 and tokens(escape("\n".join([*lines, line]))) > PIECE_TOKENS:
                break
            lines.append(line)
        end = first + len(lines) - 1
        facts = f"{_entries(total)} matched, these are {first + 1} to {end}."
        more = "One entry as a whole: read_notebook with its name."
        return answer(facts, "\n".join(lines), f"{more} More: start={end}." if end < total else more)


def _entries(count: int) -> str:
    return f"{count:,} entry" if count == 1 else f"{count:,} entries"


def _line(item: Listed) -> str:
    entry = item.entry
    cells = [entry.kind, entry.title, list(entry.authors), moment(entry.updated)]
    text = " ".join((entry.error or item.excerpt).split())
    # Names and places that were searched for are no use if they are cut.
    return " | ".join([entry.name, *map(cell, cells), text])


def _whole(entry: Document) -> str:
    fields = {
        "title": entry.title,
        "kind": entry.kind,
        "authors": ", ".join(entry.authors),
        "runs": ", ".join(entry.runs),
        "created": moment(entry.created),
        "updated": moment(entry.updated),
        "version": entry.etag,
        "error": entry.error,
    }
    lines = [f"{key}: {value}" for key, value in fields.items() if value]
    return "\n".join([*lines, "", entry.text])


def _written(facts: str, document: Document) -> str:
    return answer(facts, f"name: {document.name}\nversion: {document.etag}")
