"""Upload of runs to a server while they are written.

A training imports `start.py` only; everything else runs in the sender process, or in `runicorn sync RUN`.
"""
