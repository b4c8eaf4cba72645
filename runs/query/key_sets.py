"""Lookup of many keys in one condition."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models


class Keys:
    """Integers as literals of a statement: a thousand parameters would cost Django three milliseconds."""

    def __init__(self, keys: Iterable[int]) -> None:
        self.text = ",".join(map(str, map(int, keys)))


@models.BigAutoField.register_lookup
class AmongKeys(models.Lookup):
    """`pk__among=Keys(…)`, equivalent to `pk__in` of a list."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if not self.rhs.text:
            raise EmptyResultSet
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} IN ({self.rhs.text})", parameters

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Compare with an array, which is parsed several times faster than a list of as many literals."""
        if not self.rhs.text:
            raise EmptyResultSet
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY ('{{{self.rhs.text}}}'::bigint[])", parameters
