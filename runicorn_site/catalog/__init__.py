"""Runs of a store or of a viewer, for the terminal, agents and data frames; without Django and its database."""
