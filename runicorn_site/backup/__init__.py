"""Backup and restore of what is not in a storage root.

files.py     files of the configuration and data directories, and the archive
rows.py      rows that are not derived from files
services.py  create and restore a backup
"""
