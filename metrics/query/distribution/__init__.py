"""Distribution of the curves of any number of runs over common columns of x."""
