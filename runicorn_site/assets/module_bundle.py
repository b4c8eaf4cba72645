"""Our ES modules put together into one: a page waits for a single answer, not for fifty. Pure.

Each module becomes a function that runs once and gives what it exports, those that it imports before it. That is all
a bundler would do for modules as plain as ours: names in braces, imported from relative paths and exported where they
are declared. Whatever else says `import` or `export` is refused rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from posixpath import dirname, join, normpath

IMPORT = re.compile(r'^import (?:\{([\w$\s,]+)\} from )?"(\.[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async function|function|class|const) ([\w$]+))", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export|await)\b.*|\bimport(?:\(|\.meta\b)", re.MULTILINE)

Read = Callable[[str], str]


class NotPlain(ValueError):
    """A module says something that cannot be joined."""


def in_order(names: Iterable[str], read: Read) -> tuple[str, ...]:
    """The modules and all that they import, each once and behind what it imports itself.

    Args:
        names: of modules, like `js/run.js`.
        read: gives the text of one.

    Raises:
        NotPlain: modules import each other in a circle.
    """
    done: dict[str, None] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in path:
            raise NotPlain(f"{' imports '.join([*path[path.index(name) :], name])}")
        if name in done:
            return
        path.append(name)
        for _, other in IMPORT.findall(read(name)):
            visit(_named(name, other))
        path.pop()
        done[name] = None

    for name in names:
        visit(name)
    return tuple(done)


def joined(modules: Iterable[tuple[str, str]]) -> str:
    """One module that does what these (name, text) do, which are in the order of `in_order`.

    Raises:
        NotPlain: one of them says `import` or `export` in another way than ours do.
    """
    return "const modules = {};\n" + "".join(_wrapped(name, text) for name, text in modules)


def _wrapped(name: str, text: str) -> str:
    """A module as a function; its lines stay the lines that they are."""
    inner = IMPORT.sub(lambda match: _taken(name, match), text)
    exported = [found for _, found in EXPORT.findall(inner)]
    inner = EXPORT.sub(r"\1", inner)
    if other := OTHER.search(inner):
        raise NotPlain(f"{name}: {other[0]}")
    return f'modules["{name}"] = (() => {{\n{inner}\nreturn {{ {", ".join(exported)} }};\n}})();\n'


def _taken(name: str, match: re.Match[str]) -> str:
    """An import as a constant; one without names has happened already."""
    names, path = match[1], match[2]
    if names is None:
        return ""
    return f'const {{{names.replace(" as ", ": ")}}} = modules["{_named(name, path)}"];'


def _named(name: str, path: str) -> str:
    return normpath(join(dirname(name), path))
