"""`python -m tests.quick_hashes …`: `runicorn …` whose hash of a password takes no half second."""

from __future__ import annotations

import runpy

from django.contrib.auth.hashers import PBKDF2PasswordHasher

ITERATIONS = 1000
"""Instead of a million."""

if __name__ == "__main__":
    PBKDF2PasswordHasher.iterations = ITERATIONS
    runpy.run_module("runicorn", run_name="__main__", alter_sys=True)
