"""axe-core, the checker of accessibility: fetched from npm once, for the tests alone, and held to its checksum.

`python -m tests.axe` puts it into the folder of the virtual environment; `make test-all` does so too.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
import urllib.request
from pathlib import Path

VERSION = "4.10.3"
ADDRESS = f"https://registry.npmjs.org/axe-core/-/axe-core-{VERSION}.tgz"
SHA512 = "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg=="
FILE = Path(sys.prefix) / f"axe-core-{VERSION}.min.js"


def fetch() -> None:
    """Put the script into the virtual environment, unless it is there.

    Raises:
        OSError: the registry does not answer.
        SystemExit: what it answered is not what was pinned.
    """
    if FILE.exists():
        return
    with urllib.request.urlopen(ADDRESS, timeout=60) as answer:
        packed = answer.read()
    if base64.b64encode(hashlib.sha512(packed).digest()).decode() != SHA512:
        raise SystemExit(f"{ADDRESS} is not the file that was pinned")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        FILE.write_bytes(script.read())


if __name__ == "__main__":
    fetch()
