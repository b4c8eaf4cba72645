"""Logging to a server: the run is written here as always, and a process of its own sends the server what is new.

`start.py` is what a training pays for; everything else is loaded in that process, or by `runicorn sync RUN`.
"""
