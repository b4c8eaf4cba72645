"""API tokens with scopes: which token a request shows, and whether its scope allows the request."""
