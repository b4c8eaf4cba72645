"""Monitoring of the server by other programs: `/healthz`, `/readyz` and `/metrics`."""
