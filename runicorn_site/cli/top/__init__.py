"""`runicorn top`: a live table of runs in the terminal."""
