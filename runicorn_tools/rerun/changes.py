"""Changes of settings of a run that is repeated: in its arguments, its config files, or its source code."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn.store.containment import is_inside
from runicorn_tools.differences import values
from runicorn_tools.differences.facts import RunFacts
from runicorn_tools.rerun.command import Command
from runicorn_tools.rerun.sources import CELLS_SCRIPT

CONFIG_FILES = (".json", ".yaml", ".yml")


class Unchangeable(Exception):
    """There is no place at which a setting can be changed; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting with its new value."""

    key: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Change:
        """Read `KEY=VALUE`.

        Raises:
            Unchangeable: it has another form.
        """
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise Unchangeable(f"--change needs KEY=VALUE, not {text!r}.")
        return cls(key.strip(), value)

    @property
    def value(self) -> Any:
        """Return the value as JSON has it; other texts as they are."""
        try:
            return json.loads(self.text)
        except ValueError:
            return {"True": True, "False": False, "None": None}.get(self.text, self.text)

    @property
    def names(self) -> list[str]:
        """Return the names under which the setting may be known, the whole key first."""
        last = self.key.rpartition(".")[2]
        forms = [self.key, self.key.replace(".", "_"), self.key.replace(".", "-"), last]
        names = [name for form in forms for name in (form, form.replace("_", "-"))]
        return list(dict.fromkeys(names))


def apply(change: Change, command: Command, run: RunFacts, folder: Path, place: Path | None = None) -> str:
    """Apply a change to the arguments or the restored files; return where, as a sentence.

    Args:
        folder: the restored sources; nothing outside of it is written.
        place: the working directory, from which arguments name files; the folder by default.

    Raises:
        Unchangeable: there is no such place.
        OSError: a file cannot be written.
    """
    where = (
        _in_arguments(change, command)
        or _in_config_files(change, command, folder, place or folder)
        or _as_argument(change, command, run, folder)
        or _in_code(change, run, folder)
    )
    if where is None:
        raise Unchangeable(
            f"{change.key} is neither an argument of the program nor a value in its files that can be changed for it."
        )
    return where


def _in_arguments(change: Change, command: Command) -> str | None:
    """Replace `--key VALUE`, `--key=VALUE`, or `key=VALUE` of Hydra."""
    arguments = command.arguments
    for name in change.names:
        for position, argument in enumerate(arguments):
            head, separator, _ = argument.partition("=")
            is_option = head in (f"--{name}", f"-{name}" if len(name) == 1 else f"--{name}")
            if separator and (is_option or head.lstrip("+~") == name):
                arguments[position] = f"{head}={change.text}"
                return f"the argument {arguments[position]}"
            if is_option and position + 1 < len(arguments):
                arguments[position + 1] = change.text
                return f"the argument {head} {change.text}"
    return None


def _in_config_files(change: Change, command: Command, folder: Path, place: Path) -> str | None:
    for argument in command.arguments:
        name = argument.rpartition("=")[2]
        path = place / name
        # An argument may name a file of the user by its absolute path, or through a link.
        if path.suffix not in CONFIG_FILES or not path.is_file() or not is_inside(folder, path):
            continue
        text = path.read_text(encoding="utf-8")
        value = _loaded(path, text)
        if isinstance(value, dict) and _set(value, change.key, change.value):
            path.write_text(_dumped(path, value), encoding="utf-8")
            return f"{change.key} in {name}"
    return None


def _loaded(path: Path, text: str) -> Any:
    """Return the content of a config file; None if it is malformed."""
    if path.suffix == ".json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return None


def _dumped(path: Path, value: Any) -> str:
    if path.suffix == ".json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def _set(value: dict[str, Any], key: str, new: Any) -> bool:
    """Set an existing value at a dotted key; return whether there is one."""
    if key in value:
        value[key] = new
        return True
    head, _, rest = key.partition(".")
    inner = value.get(head)
    return bool(rest) and isinstance(inner, dict) and _set(inner, rest, new)


def _as_argument(change: Change, command: Command, run: RunFacts, folder: Path) -> str | None:
    """Append an option that the code declares, or an override of Hydra."""
    texts = list(_code(folder, run))
    for name in change.names:
        if any(re.search(rf"""["']--{re.escape(name)}["']""", text) for _, text in texts):
            command.arguments += [f"--{name}", change.text]
            return f"the argument --{name} {change.text}"
    if any(re.search(r"^\s*(?:import hydra|from hydra)\b", text, re.MULTILINE) for _, text in texts):
        command.arguments.append(f"{change.key}={change.text}")
        return f"the override {change.key}={change.text}"
    return None


def _code(folder: Path, run: RunFacts) -> Iterator[tuple[Path, str]]:
    paths = [path for path in run.sources.files if path.endswith(".py")]
    for name in [*paths, *([CELLS_SCRIPT] if run.cells else [])]:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes().decode("utf-8", "replace")


def _in_code(change: Change, run: RunFacts, folder: Path) -> str | None:
    """Replace all literals of that name with the recorded value: assignments, keywords, and entries of dictionaries."""
    recorded = dict(values.flat(run.config))
    name = change.key.rpartition(".")[2]
    if change.key not in recorded or not name.isidentifier():
        return None
    places = []
    for path, text in _code(folder, run):
        spots = _literals(text, name, recorded[change.key])
        if not spots:
            continue
        lines = text.encode().splitlines(keepends=True)
        for line, start, end in sorted(spots, reverse=True):
            row = lines[line - 1]
            lines[line - 1] = row[:start] + repr(change.value).encode() + row[end:]
            places.append(f"{path.relative_to(folder).as_posix()}:{line}")
        path.write_bytes(b"".join(lines))
    return f"{change.key} in {', '.join(reversed(places))}" if places else None


def _literals(text: str, name: str, value: Any) -> list[tuple[int, int, int]]:
    """Return line, first and last byte of literals of a name that have a value."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    nodes: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            nodes += [
                node.value for target in node.targets if isinstance(target, ast.Name) and target.id == name
            ]
        elif (
            isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name
        ) or (isinstance(node, ast.keyword) and node.arg == name):
            nodes.append(node.value)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            nodes += [item for key, item in pairs if isinstance(key, ast.Constant) and key.value == name]
    spots = []
    for literal in nodes:
        if literal is None or literal.lineno != literal.end_lineno or literal.end_col_offset is None:
            continue
        try:
            is_same = values.is_equal(ast.literal_eval(literal), value)
        except (ValueError, TypeError, SyntaxError):
            continue
        if is_same:
            spots.append((literal.lineno, literal.col_offset, literal.end_col_offset))
    return list(dict.fromkeys(spots))
