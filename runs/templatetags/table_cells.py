"""Template tag with the cells of a row of the runs table."""

from __future__ import annotations

from django import template

from runs.pages.table.rows import Row

register = template.Library()
register.simple_tag(Row.cells)
