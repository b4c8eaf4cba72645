"""Archives of runs and artifacts: write them from a store, and import them without trusting their content."""
