"""Commands about the files of other trackers."""
