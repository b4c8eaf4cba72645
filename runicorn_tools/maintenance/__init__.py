"""Maintenance of a store."""
