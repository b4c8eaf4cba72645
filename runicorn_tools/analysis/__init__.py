"""Statistics of groups of runs: replicas, noise floor, verdicts. No Django, no store."""
