"""Commands about a server and its own data."""
