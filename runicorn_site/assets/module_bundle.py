"""Bundle ES modules into one, so that a page waits for one response instead of fifty. Pure.

Each module becomes a function that runs once, after the modules that it imports, and returns its exports. Imports are
names in braces from relative paths, exports are declarations; any other `import` or `export` is an error, except
`import(address)` of another bundle. Bundles share the modules that have run, and export all of them. Lines of comments
become empty: they are a fifth of the compressed bytes; indentation is left out, so no text may span lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from posixpath import dirname, join, normpath

IMPORT = re.compile(r'^import (?:\{([\w$\s,]+)\} from )?"(\.[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async function|function|class|const) ([\w$]+))", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*$", re.MULTILINE | re.DOTALL)
LINE_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export|await)\b.*|\bimport(?:\((?!address\))|\.meta\b)", re.MULTILINE)

Read = Callable[[str], str]


class NotPlain(ValueError):
    """A module cannot be bundled."""


def in_order(names: Iterable[str], read: Read) -> tuple[str, ...]:
    """Return the modules and their imports, each once and after its own imports.

    Args:
        names: of modules, like `js/run.js`.

    Raises:
        NotPlain: modules import each other in a circle.
    """
    order: dict[str, None] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in path:
            raise NotPlain(f"{' imports '.join([*path[path.index(name) :], name])}")
        if name in order:
            return
        path.append(name)
        for _, other in IMPORT.findall(read(name)):
            visit(_module_path(name, other))
        path.pop()
        order[name] = None

    for name in names:
        visit(name)
    return tuple(order)


def joined(modules: Iterable[tuple[str, str]]) -> str:
    """Bundle modules, given as (name, text) in the order of `in_order`.

    Raises:
        NotPlain: one of them has an unsupported `import` or `export`.
    """
    code = "".join(_wrapped(name, text) for name, text in modules)
    return f"const modules = (globalThis.runicornModules ??= {{}});\n{code}export default modules;\n"


def _wrapped(name: str, text: str) -> str:
    """Return a module as a function, with the same lines."""
    code = LINE_COMMENT.sub("", COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text))
    inner = IMPORT.sub(lambda match: _import_as_constant(name, match), code)
    exported = [exported_name for _, exported_name in EXPORT.findall(inner)]
    inner = EXPORT.sub(r"\1", inner)
    if other := OTHER.search(inner):
        raise NotPlain(f"{name}: {other[0]}")
    inner = INDENTATION.sub("", inner)
    return f'modules["{name}"] ??= (() => {{\n{inner}\nreturn {{ {", ".join(exported)} }};\n}})();\n'


def _import_as_constant(name: str, match: re.Match[str]) -> str:
    """Return an import as a constant; one without names needs no code."""
    names, path = match[1], match[2]
    if names is None:
        return ""
    return f'const {{{names.replace(" as ", ": ")}}} = modules["{_module_path(name, path)}"];'


def _module_path(name: str, path: str) -> str:
    return normpath(join(dirname(name), path))
