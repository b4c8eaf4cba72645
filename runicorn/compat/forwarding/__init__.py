"""`RUNICORN_ALSO`: calls of a script, forwarded to the real library in a separate process.

The real library needs its own name in `sys.modules`, which the script's module has, and its errors, threads and exit
handlers must not touch the training.
"""
