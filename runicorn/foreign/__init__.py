"""Experiments of other trackers, made runs of a store: `runicorn import-from`.

`experiment.py` says what every reader tells; `taking.py` writes it as runs. One module a tracker reads what it leaves on disk, with
the standard library where the format allows it.
"""
