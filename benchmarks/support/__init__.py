"""What benchmarks share: rounds and limits, journals, rows and workspaces to measure."""
