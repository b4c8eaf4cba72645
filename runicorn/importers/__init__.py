"""Import the experiments of other trackers as runs of a store: `runicorn import-from`.

`experiment.py` defines what every reader yields, `taking.py` decides what is imported, and `writing.py` writes it as runs. One module a
tracker reads what it leaves on disk, with the standard library where the format allows it.
"""
