"""Colours of source code: comments, texts, numbers and keywords, by patterns that suit most languages."""

from __future__ import annotations

import re
from functools import cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_PYTHON = (
    "False None True and as assert async await break case class continue def del elif else except finally for from "
    "global if import in is lambda match nonlocal not or pass raise return try while with yield self"
)
_SHELL = "case do done elif else esac export fi for function if in local return set then unset while"
_C = (
    "auto bool break case char class const constexpr continue default do double else enum extern false float for if "
    "inline int long namespace new nullptr return short signed sizeof static struct switch template this true typedef "
    "typename union unsigned using virtual void volatile while"
)
_JSON = "true false null"
_HASH, _SLASHES = r"\#[^\n]*", r"//[^\n]*|/\*.*?\*/"
_LANGUAGES = {
    "py": (_PYTHON, _HASH),
    "ipynb": (_PYTHON, _HASH),
    "pyi": (_PYTHON, _HASH),
    "sh": (_SHELL, _HASH),
    "yaml": (_JSON, _HASH),
    "yml": (_JSON, _HASH),
    "toml": (_JSON, _HASH),
    "cfg": ("", _HASH),
    "ini": ("", _HASH),
    "json": (_JSON, r"(?!)"),
    **dict.fromkeys(
        ("c", "h", "cc", "cpp", "hpp", "cu", "cuh", "js", "ts", "rs", "go", "java"), (_C, _SLASHES)
    ),
}
LONGEST = 2000
"""Length of a line beyond which it has no colours."""


def language_of(path: str) -> str:
    """Return the language of a file by its name; "" without colours."""
    if path == "cells":
        return "py"
    ending = path.rpartition(".")[2].lower()
    return ending if ending in _LANGUAGES else ""


@cache
def _pattern(language: str) -> re.Pattern[str]:
    words, comment = _LANGUAGES[language]
    keywords = "|".join(words.split()) or "(?!)"
    text = r"\"\"\".*?(?:\"\"\"|$)|'''.*?(?:'''|$)|\"(?:\\.|[^\"\\\n])*(?:\"|$)|'(?:\\.|[^'\\\n])*(?:'|$)"
    number = r"\b\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?\b"
    return re.compile(
        rf"(?P<comment>{comment})|(?P<text>{text})|(?P<number>{number})|\b(?P<word>{keywords})\b", re.DOTALL
    )


def colored(code: str, language: str) -> SafeString:
    """Return code as HTML, each token of a kind in a span of that class."""
    if not language or len(code) > LONGEST * 500:
        return escape(code)
    parts: list[str] = []
    end = 0
    for match in _pattern(language).finditer(code):
        parts.append(escape(code[end : match.start()]))
        parts.append(f'<span class="{match.lastgroup}">{escape(match[0])}</span>')
        end = match.end()
    parts.append(escape(code[end:]))
    return mark_safe("".join(parts))
