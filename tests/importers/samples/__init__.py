"""Samples of other frameworks."""
