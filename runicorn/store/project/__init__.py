"""Files of a project beside its runs and boards."""
