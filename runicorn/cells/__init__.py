"""Runs as the output of a notebook's cell."""
