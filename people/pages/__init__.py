"""Pages of a viewer with users: sign-in, account, users, changes."""
