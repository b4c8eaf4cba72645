"""Services that write artifacts: files first, through `runicorn.artifacts`, then their rows."""
