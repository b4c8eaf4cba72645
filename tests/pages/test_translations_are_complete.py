"""Every text of the pages has a translation, and the compiled catalogues are those of the sources."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from runicorn_site.management.translations import CATALOGUES, ERRORS, MODULE, PROJECT, update
from tests.architecture.trees import tree_of

FILES = [
    *(CATALOGUES / f"{domain}.{kind}" for domain in ("django", "djangojs") for kind in ("po", "mo")),
    MODULE,
]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}")
TEXT = re.compile(r'^(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) "(.*)"$')


def entries(catalogue: Path) -> list[dict[str, str]]:
    blocks = catalogue.read_text(encoding="utf-8").split("\n\n")[1:]
    return [
        dict(match.groups() for line in block.splitlines() if (match := TEXT.match(line))) for block in blocks
    ]


@pytest.mark.needs("xgettext")
def test_make_messages_changes_nothing(tmp_path: Path) -> None:
    shutil.copytree(CATALOGUES, tmp_path / "fresh")
    update(tmp_path / "fresh", tmp_path / "fresh" / MODULE.name)
    stale = [
        file.name for file in FILES if file.read_bytes() != (tmp_path / "fresh" / file.name).read_bytes()
    ]
    assert not stale, "run `make messages`"


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_every_text_has_a_translation(domain: str) -> None:
    messages = entries(CATALOGUES / f"{domain}.po")
    assert messages
    assert not [entry for entry in messages if not (entry.get("msgstr") or entry.get("msgstr[0]"))]
    assert "fuzzy" not in (CATALOGUES / f"{domain}.po").read_text(encoding="utf-8")


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_translations_have_the_placeholders_of_their_texts(domain: str) -> None:
    wrong = [
        entry
        for entry in entries(CATALOGUES / f"{domain}.po")
        if placeholders(entry.get("msgid_plural") or entry["msgid"])
        != placeholders(entry.get("msgstr") or entry.get("msgstr[0]", ""))
    ]
    assert not wrong


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_no_text_has_a_backslash(domain: str) -> None:
    """Django extracts `\\\\` of a template as it is and looks up what it means."""
    assert not [entry for entry in entries(CATALOGUES / f"{domain}.po") if r"\\" in entry["msgid"]]


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def test_messages_of_errors_are_templates_that_can_be_translated() -> None:
    numbers = {name: number for number, names in ERRORS.items() for name in names.split()}
    filled = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for folder in ("remote", "artifacts", "people", "runicorn_tools/archives", "runicorn_tools/fsck")
        for path in (PROJECT / folder).rglob("*.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        if (number := numbers.get(ast.unparse(node.func).rpartition(".")[2], 0))
        if any(isinstance(argument, ast.JoinedStr) for argument in node.args[number - 1 : number])
    ]
    assert not filled, "name the values, as in RemoteOperationFailed('{host} is down.', host=host)"
