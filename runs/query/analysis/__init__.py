"""Statistics of groups of runs: tables, replicas, noise, verdicts, importance of hyperparameters."""
