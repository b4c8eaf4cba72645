"""Manifests: lists of the runs and files of a store, in the format of Runicorn 0.5."""
