"""Values for parameters and bodies: those of the description, those that exist, and nasty ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.server.fuzzing.described import Description

NASTY_TEXTS = (
    "", " ", "\x00", "\x1b[2J", "\r\nX-Odd: 1", "\ud800", "\u202eabc", "🦄" * 40, "é", "ｅ", "null", "None", "true",
    "-1", "0", "00", "-0", "1e309", "NaN", "inf", "-Infinity", "1.5", "0x10", "１２", "9" * 40, "9" * 5000,
    "' OR 1=1 --", '"; DROP TABLE runs_run; --', "%", "_", "%_%", "\\", "\\%", "*", "?", "[a-z]*", "(", ")(", "'", '"',
    "a/b", "../..", "..", ".", "/", "~", "C:\\", "CON", "{}", "[]", "<script>alert(1)</script>", "${HOME}", "{{7*7}}",
    ",", ",,,", "a,,b", ":", "::", "1:", ":1", "5:1", "a:b", "=", "&", "#", ";", "x" * 300, "x" * 70_000,
    "config.", "metric..best", "metric.loss.best", "not not", "((((((((((a=1", "tags contains", "a = 'b", "NEAR(a b)", "-a", "a OR", '"a',
    "20260101_000000_abcdef", "20260101_000000_ABCDEF", "99999999_999999_zzzzzz", "2026-02-30", "0001-01-01",
    "9999-12-31T23:59:59+14:00", "v1", "latest", "sha256:", "sha256:" + "0" * 64,
)  # fmt: skip
NASTY_VALUES = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 2**31, 2**63, -(2**63) - 1, 2**64, 10**40, math.nan, math.inf, [], {},
    [[]], [None], {"": None}, {"a": {"b": [1]}}, [1, "a", None], "20260101", ["\x00"], {"\x00": 1},
    {"\ud800": "\ud800"}, ["a"] * 2000, [{"a": 1}],
)  # fmt: skip
RANGES = (
    "bytes=0-3",
    "bytes=-5",
    "bytes=5-",
    "bytes=9999999-",
    "bytes=5-1",
    "bytes=a-b",
    "bytes=0-1,3-4",
    "é",
    "",
)

nasty_text = st.sampled_from(NASTY_TEXTS) | st.text(max_size=20)
nasty_texts = st.lists(nasty_text, min_size=1, max_size=1) | st.lists(nasty_text, max_size=3)
nasty_value = st.sampled_from(NASTY_VALUES) | nasty_text

Pool = Mapping[str, Sequence[Any]]
"""Values that exist, by the name of a parameter or a field."""


class Values:
    """Draws values as a description tells, mixed with others."""

    def __init__(self, description: Description, pool: Pool) -> None:
        self._description, self._pool = description, pool

    def sound(self, name: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        """Values that the description allows; where some are known to mean something, only these."""
        schema = self._description.resolved(schema)
        if name not in self._pool:
            return self._by_schema(name, schema)
        candidates = st.sampled_from(self._pool[name])
        return st.lists(candidates, min_size=1, max_size=3) if schema.get("type") == "array" else candidates

    def _by_schema(self, name: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for several in ("allOf", "oneOf", "anyOf"):
            if several in schema:
                return st.one_of(*(self.sound(name, part) for part in schema[several]))
        kinds = schema.get("type", "string")
        kind = kinds[0] if isinstance(kinds, list) else kinds
        if kind == "integer":
            return st.integers(schema.get("minimum", -5), schema.get("maximum", 10**6))
        if kind == "number":
            return st.floats(allow_nan=False, allow_infinity=False)
        if kind == "boolean":
            return st.booleans()
        if kind == "array":
            return st.lists(self.sound(name, schema["items"]), max_size=4)
        if kind == "object":
            return self._object(schema)
        return st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 20), 20))

    def _object(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        fields = {name: self.sound(name, part) for name, part in schema.get("properties", {}).items()}
        if not fields:
            inner = schema.get("additionalProperties") or {}
            return st.dictionaries(
                st.text(max_size=10), self._by_schema("", self._description.resolved(inner))
            )
        return st.fixed_dictionaries(fields)

    def parameter(self, name: str, schema: dict[str, Any], *, required: bool) -> st.SearchStrategy[list[str]]:
        """The texts of a query's parameter: none, one, or several when it is repeated."""
        sound = self.sound(name, schema).map(_as_texts)
        return sound if required else st.just([]) | sound

    def body(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        """A body: as described, with one or more odd fields, without some, or something else altogether."""
        schema = self._description.resolved(schema)
        fields = {name: self.sound(name, part) for name, part in schema.get("properties", {}).items()}
        required = {name: part for name, part in fields.items() if name in schema.get("required", ())}
        rest = {name: part for name, part in fields.items() if name not in required}
        sound = st.fixed_dictionaries(required, optional=rest)
        odd = {name: part | nasty_value for name, part in fields.items()} | {"unknown": nasty_value}
        return st.one_of(sound, sound, st.fixed_dictionaries({}, optional=odd), nasty_value)


def _as_texts(value: Any) -> list[str]:
    """A value as texts of a query: a list with commas or as a repeated parameter, by its length."""
    if isinstance(value, list):
        texts = [str(item) for item in value]
        return texts if len(texts) % 2 else [",".join(texts)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]
