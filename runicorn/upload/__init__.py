"""Upload of runs to a server while they are written here.

`start.py` is what a training pays for; everything else is loaded in the sender process, or by `runicorn sync RUN`.
"""
