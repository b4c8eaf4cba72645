"""Page of the groups of a project: leaderboard with ties, verdicts against the baseline, pivot table."""
