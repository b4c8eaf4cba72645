"""Groups of runs as rows of the runs table: their statistics, order, members, and the menu of keys."""
