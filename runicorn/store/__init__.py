"""Files and formats of a storage root."""
