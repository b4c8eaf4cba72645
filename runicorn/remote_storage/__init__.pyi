"""For type checkers, which do not know the search path of the package: `legacy/remote_storage/`."""
