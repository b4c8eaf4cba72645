"""Watched folders of other trackers."""
