"""Writes to artifacts: files first, through `runicorn.artifacts`, then the rows that follow them."""
