"""What the documents say is held to the code."""

from __future__ import annotations

import re
from pathlib import Path

from runicorn import __version__
from runicorn.settings.user import SETTINGS

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    PROJECT / name
    for name in ("README.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md")
]


def _text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def test_the_settings_page_explains_each_environment_variable() -> None:
    row = re.compile(r"^\| `(RUNICORN_\w+)` \| (?:`([^`]*)`)? \| (\S.*\.) \|$", re.MULTILINE)
    explained = row.findall(_text("docs/reference/settings.md"))
    assert [(name, default) for name, default, _meaning in explained] == list(SETTINGS.items())


def test_the_changelog_begins_with_the_version() -> None:
    first = re.search(r"^## (\S+)", _text("CHANGELOG.md"), re.MULTILINE)
    assert first is not None and first.group(1) == __version__


def test_each_part_of_the_changelog_stands_once() -> None:
    for release in re.split(r"^## ", _text("CHANGELOG.md"), flags=re.MULTILINE):
        leads = re.findall(r"^- \*\*(.+?)\*\*", release, re.MULTILINE)
        assert sorted(leads) == sorted(set(leads))


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for document in [*DOCUMENTS, *sorted((PROJECT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            if "://" not in target and not (document.parent / target).exists():
                broken.append(f"{document.name}: {target}")
    assert not broken


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len(_text("README.md").splitlines()) <= 150


def test_lines_of_prose_have_at_most_100_characters() -> None:
    pages = [page for page in sorted((PROJECT / "docs").rglob("*.md")) if page.parent.name != "zh"]
    long = []
    for document in [*(document for document in DOCUMENTS if document.name != "CHANGELOG.md"), *pages]:
        text = re.sub(
            r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        wide = [line for line in text.splitlines() if len(line) > 100 and not line.startswith("|")]
        long += [f"{document.name}: {line}" for line in wide]
    assert not long


def test_every_module_that_the_architecture_names_exists() -> None:
    named = set(
        re.findall(
            r"`((?:runicorn\w*|runs|metrics|artifacts|remote|alerts|people|static|templates)/[\w/.]*)`",
            _text("docs/architecture.md"),
        )
    )
    assert named, "the architecture names no module"
    assert not [name for name in named if not (PROJECT / name).exists()]


def test_the_architecture_is_a_guide_that_is_read_in_ten_minutes() -> None:
    guide = _text("docs/architecture.md")
    assert len(guide.split()) <= 1500
    assert guide.count("```mermaid") >= 2


def test_each_recipe_names_at_most_three_files_and_a_test() -> None:
    rows = [
        row.strip("|").split("|")
        for row in _text("CONTRIBUTING.md").split("## Recipes")[1].split("\n## ")[0].splitlines()
        if row.startswith(("| A", "| The"))
    ]
    assert len(rows) >= 11
    for change, files, test in rows:
        named = [name for name in re.findall(r"`([^`]+)`", files) if "/" in name]
        assert 1 <= len(named) <= 3, change
        for name in [*named, *re.findall(r"`([^`]+)`", test)]:
            assert (PROJECT / name).exists(), f"{change}: {name}"


def test_each_recipe_names_what_its_files_define() -> None:
    recipes = _text("CONTRIBUTING.md").split("## Recipes")[1].split("\n## ")[0]
    for path, names in re.findall(r"`([\w/.]+\.(?:py|sh))` \(((?:[^()]*`\w+`)+[^()]*)\)", recipes):
        text = (PROJECT / path).read_text(encoding="utf-8")
        missing = [name for name in re.findall(r"`(\w+)`", names) if not re.search(rf"\b{name}\b", text)]
        assert not missing, f"{path}: {missing}"
