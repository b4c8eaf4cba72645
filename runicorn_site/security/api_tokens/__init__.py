"""API tokens with scopes: which token a request shows, and whether it is valid."""
