"""What people decided on the analysis of a project, in `analysis.json` in its folder.

    {"baseline": [run id], "formulas": {name: formula}, "seed_keys": [config key], "compare_packages": b}

All keys are optional. An invalid file reads as empty, and is replaced by the next change.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from runicorn import _platform
from runicorn.store import curation
from runicorn.store.containment import check_inside
from runicorn.store.project.folder import project_folder

FILE = "analysis.json"
CEILING = 1024 * 1024
"""Bytes of the largest file."""
MOST_RUNS, MOST_FORMULAS, MOST_KEYS = 1000, 200, 100
NAME_LENGTH, FORMULA_LENGTH, ID_LENGTH = 255, 1000, 255


class Analysis(TypedDict):
    """Content of the file.

    Attributes:
        baseline: ids of the runs that others are compared with.
        formulas: derived metrics by their names.
        seed_keys: config keys in which replicas may differ, beside those of seeds.
        compare_packages: whether runs with different versions of packages are no replicas.
    """

    baseline: list[str]
    formulas: dict[str, str]
    seed_keys: list[str]
    compare_packages: bool


class InvalidAnalysis(ValueError):
    """The content is malformed; the message says where."""


def empty() -> Analysis:
    return {"baseline": [], "formulas": {}, "seed_keys": [], "compare_packages": False}


def path_of(root: Path, project: str) -> Path:
    """Return the file of a project.

    Raises:
        InvalidName: the name of the project is invalid.
    """
    return check_inside(root, project_folder(root, project) / FILE)


def read(root: Path, project: str) -> Analysis:
    """Return the content; empty if the file is missing, unreadable or invalid."""
    try:
        raw = _platform.read_regular(path_of(root, project), CEILING + 1, follow_links=False)
    except (OSError, ValueError):
        return empty()
    return parse(raw)[0]


def parse(raw: bytes | None) -> tuple[Analysis, str | None]:
    """Return the content of a file, and why it cannot be used; None stands for a file that is too large."""
    if raw is None or len(raw) > CEILING:
        return empty(), f"The file is larger than {CEILING // 1024} KiB and was not read."
    try:
        return check(json.loads(raw.decode().removeprefix("\ufeff"))), None
    except InvalidAnalysis as error:
        return empty(), str(error)
    except (ValueError, RecursionError):
        return empty(), "The file is not valid JSON."


def update(root: Path, project: str, change: Callable[[Analysis], None]) -> Analysis:
    """Change the content under a lock and return it; `change` modifies its argument. An empty one removes the file.

    Raises:
        InvalidAnalysis, InvalidName: the changed content or the name of the project is invalid; nothing was changed.
    """
    path = path_of(root, project)
    with _platform.file_lock(curation.private_folder(root) / "analysis.lock"):
        content = read(root, project)
        change(content)
        write(path, content)
    return content


def write(path: Path, content: Analysis) -> None:
    """Replace a file by valid content."""
    check(content)
    if content == empty():
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({key: value for key, value in content.items() if value}, indent=2, ensure_ascii=False)
    _platform.replace_file(path, text.encode("utf-8", "replace"))


def check(value: Any) -> Analysis:
    """Return valid content with all keys; unknown ones are left out.

    Raises:
        InvalidAnalysis: it is malformed.
    """
    if not isinstance(value, dict):
        raise InvalidAnalysis("The file must be an object.")
    content: Analysis = {**empty(), **{key: value[key] for key in empty() if key in value}}  # type: ignore[typeddict-item]
    _check_texts(content["baseline"], "baseline", MOST_RUNS, ID_LENGTH)
    _check_texts(content["seed_keys"], "seed_keys", MOST_KEYS, NAME_LENGTH)
    if not isinstance(content["compare_packages"], bool):
        raise InvalidAnalysis("compare_packages must be true or false.")
    formulas = content["formulas"]
    if not isinstance(formulas, dict):
        raise InvalidAnalysis("formulas must be an object.")
    _check_texts(list(formulas), "formulas", MOST_FORMULAS, NAME_LENGTH)
    _check_texts(list(formulas.values()), "formulas", MOST_FORMULAS, FORMULA_LENGTH)
    return content


def _check_texts(value: Any, key: str, most: int, longest: int) -> None:
    if not isinstance(value, list) or len(value) > most:
        raise InvalidAnalysis(f"{key} must have at most {most} entries.")
    for text in value:
        if not isinstance(text, str) or not 0 < len(text) <= longest or not text.isprintable():
            raise InvalidAnalysis(f"{key} must be printable texts of at most {longest} characters.")
