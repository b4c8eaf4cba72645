"""Callbacks for training loops of other libraries, one module each: `lightning`, `transformers`, `keras`, `xgboost`.

Each module imports its library; no other module of Runicorn imports them.
"""
