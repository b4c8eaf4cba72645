"""Files of a project beside its runs: boards and description."""
