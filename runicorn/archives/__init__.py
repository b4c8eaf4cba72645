"""Runs and artifacts as archives: written from a store, and read into one without believing anything in them."""
