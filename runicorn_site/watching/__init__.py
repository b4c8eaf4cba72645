"""Folders of other trackers that the viewer watches."""
