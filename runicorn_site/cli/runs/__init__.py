"""Verbs for runs, on a store without a viewer and on a viewer alike."""
