"""The search box and command palette of every page."""
