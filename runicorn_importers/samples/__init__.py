"""Readers of samples that frameworks of post-training and evaluation write: rollouts, completions, evaluated examples.

A module a framework; each has `sources(folder)`, which recognizes the framework by what lies in the folder.
"""
