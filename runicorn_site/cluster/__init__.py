"""What several servers on one database share: leases of the background work, and a cache."""
