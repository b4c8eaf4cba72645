"""Self-signed certificates for servers of tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests import programs


def certify(folder: Path) -> Path:
    """Create a self-signed certificate for this machine, and return its path."""
    openssl = programs.find("openssl") or "openssl"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", "/CN=localhost", "-addext", names, "-days", "2"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder / "cert.pem"
