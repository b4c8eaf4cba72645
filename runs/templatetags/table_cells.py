"""Cells of a row of the runs table, and names as it shows them."""

from __future__ import annotations

from django import template

from runs.pages.table.names import parted
from runs.pages.table.rows import Row

register = template.Library()
register.simple_tag(Row.cells)
register.filter(parted)
