"""`RUNICORN_ALSO`: the calls of a script, passed on to the real library in a process of its own.

The real library needs its own name in `sys.modules`, which the script's module has, and its errors, threads and exit
handlers must not touch the training.
"""
