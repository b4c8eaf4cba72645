"""Projects that are run, removed and run again."""
