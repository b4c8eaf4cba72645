"""Fifty small projects are run, removed, and run again from what their runs recorded: `python -m benchmarks.reruns`."""
