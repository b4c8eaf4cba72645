"""Callbacks, loggers and trackers for training loops of other libraries, one module each.

Each module imports its library; no other module of Runicorn imports them.
"""
