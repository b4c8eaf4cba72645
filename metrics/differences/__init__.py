"""Differences of runs for API and pages, with the curves of the database."""
