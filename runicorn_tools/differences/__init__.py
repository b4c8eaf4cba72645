"""Differences of runs: config, code, packages, environment, command, hardware, artifacts, seed, curves.

Everything is read from the files of the runs, without a server.
"""
