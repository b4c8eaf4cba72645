"""Samples as records of frameworks and tables of trackers become them."""
