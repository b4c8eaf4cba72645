"""Callbacks for other libraries' training loops, a module each: `lightning`, `transformers`, `keras`, `xgboost`.

A module imports the library it is for; nothing else of Runicorn imports it.
"""
