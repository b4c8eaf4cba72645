"""Formulas of a project: their curves, and the statistics by which runs are sorted and found."""
