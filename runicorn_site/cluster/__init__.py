"""Coordination of several servers on one database: leases of background work, and a cache."""
