"""The name under which Runicorn 0.5 had the client of manifests."""
