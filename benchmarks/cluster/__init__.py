"""Servers that share a database, and what they cost."""
