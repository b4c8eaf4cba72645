"""Queries of one shape that are compiled once: Django compiles each query at each use, which takes longer than SQLite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


class _Compiled(NamedTuple):
    sql: str
    places: list[int | None]
    """Of each parameter of the SQL, the argument that it is; None for a constant."""
    constants: Sequence[Any]
    fields: list[str]
    converters: dict[int, tuple[list[Any], Any]]


class PreparedQuery(Generic[M]):
    """Rows of a model, found by some values."""

    def __init__(self, build: Callable[..., QuerySet[M]], *examples: Any) -> None:
        """Prepare a query.

        Args:
            build: returns the query for some values; nothing but their places in its SQL may depend on them.
            examples: distinct values that are no constants of the query.
        """
        self._build, self._examples = build, examples
        self._compiled: dict[str, _Compiled] = {}

    def prepare(self) -> _Compiled:
        """Compile the query unless that was done; `rows` does the same."""
        return self._compiled.get(connection.vendor) or self._compile()

    def rows(self, *values: Any) -> list[M]:
        compiled = self.prepare()
        parameters = [
            constant if place is None else values[place]
            for place, constant in zip(compiled.places, compiled.constants, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, parameters)
            tuples = cursor.fetchall()
        model, database = self._model, connection.alias
        return [model.from_db(database, compiled.fields, self._convert(row, compiled)) for row in tuples]

    def first(self, *values: Any) -> M | None:
        return next(iter(self.rows(*values)), None)

    @staticmethod
    def _convert(row: Sequence[Any], compiled: _Compiled) -> Sequence[Any]:
        if not compiled.converters:
            return row
        converted = list(row)
        for place, (functions, expression) in compiled.converters.items():
            for function in functions:
                converted[place] = function(converted[place], expression, connection)
        return converted

    def _compile(self) -> _Compiled:
        queryset = self._build(*self._examples)
        self._model = queryset.model
        compiler = queryset.query.get_compiler(connection=connection)
        sql, constants = compiler.as_sql()
        places = [self._examples.index(value) if value in self._examples else None for value in constants]
        columns = [column for column, _, _ in compiler.select]
        fields = [column.target.attname for column in columns]
        compiled = _Compiled(sql, places, constants, fields, compiler.get_converters(columns))
        self._compiled[connection.vendor] = compiled
        return compiled
