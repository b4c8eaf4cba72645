"""Sync client, importable as in Runicorn 0.5."""
