"""The cells of a row of the runs table, for its template."""

from __future__ import annotations

from django import template

from runs.pages.table.cells import cells

register = template.Library()
register.simple_tag(cells)
