"""Importers: experiments of other trackers as runs of a store, for `runicorn import-from`.

`experiment.py` defines what every importer yields, `writer.py` decides what is imported, and `writing.py` writes it. Each
tracker has one module, which reads its files with the standard library where the format allows it. A new tracker is that
module with a function `read`, and its entry point in the group `runicorn.trackers`, of this distribution or another.
"""
