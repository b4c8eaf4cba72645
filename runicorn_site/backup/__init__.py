"""Backup and restore of what is not in a storage root.

files.py        files of the configuration and data directories, and the archive
database.py     the durable database as a file
copying.py      copies of tables between databases of any kind
legacy_rows.py  rows of backups by earlier versions
services.py     create and restore a backup
"""
