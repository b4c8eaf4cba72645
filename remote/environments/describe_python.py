"""Describe the Python that runs this as one line of JSON. Runs as `<python> -` on remote hosts, with Python 3.4 or newer."""

import sys

# The home may hold a `json.py`, or a folder `runicorn`.
sys.path[:] = [entry for entry in sys.path if entry]

import json
import os
import socket
import subprocess

FAILURES = (AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""Exceptions of a broken installation; each costs one field, not the whole description."""


def runicorn():
    """Return the version and the implementation of the installed `runicorn`, or None."""
    try:
        from importlib.metadata import version
    except ImportError:
        version = None
    try:
        from importlib.util import find_spec

        spec = find_spec("runicorn")
    except FAILURES:
        return None
    if spec is None or spec.origin is None:
        return None
    try:
        return implementation()
    except FAILURES + (subprocess.SubprocessError,):
        pass
    try:
        return {"version": version and version("runicorn"), "implementation": None}
    except FAILURES:
        return {"version": None, "implementation": None}


def implementation():
    """Return the output of `runicorn version --json`; other programs of that name have no such command."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runicorn", "version", "--json"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        output = process.communicate(timeout=15)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    report = json.loads(output.decode("utf-8", "replace").strip().splitlines()[-1])
    return {"version": str(report["version"]), "implementation": str(report["implementation"])}


def storage_root():
    """Return the storage root that a training script started here would use."""
    home = os.path.expanduser("~")
    config = os.environ.get("RUNICORN_CONFIG_DIR") or os.path.join(
        os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "runicorn"
    )
    configured = None
    try:
        with open(os.path.join(os.path.expanduser(config), "config.json")) as file:
            configured = json.load(file).get("user_root_dir")
    except FAILURES:
        pass
    for path in [os.environ.get("RUNICORN_DIR"), configured]:
        if path and path == str(path):
            return os.path.join(home, os.path.expanduser(path))
    defaults = [os.path.join(home, name) for name in (".runicorn", "runicorn_data")]
    return ([path for path in defaults if os.path.isdir(path)] + defaults)[0]


def free_port():
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
    finally:
        listener.close()


def describe():
    root = storage_root()
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "identity": os.path.realpath(sys.executable or "") + " " + os.path.realpath(sys.prefix),
        "runicorn": runicorn(),
        "home": os.path.expanduser("~"),
        "root": root,
        "root_exists": os.path.isdir(root),
        "port": free_port(),
    }


if __name__ == "__main__":
    sys.stdout.write("\nrunicorn-probe:" + json.dumps(describe()) + "\n")
