"""Scripts of the site that are fetched from npm once and served by the site itself: it loads nothing from elsewhere.

`python docs/site/scripts.py` puts them into the folder of the virtual environment; `make docs` does so.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import NamedTuple


class Script(NamedTuple):
    """A file of a package of npm, with the checksum of the package."""

    package: str
    version: str
    member: str
    sha512: str

    @property
    def path(self) -> Path:
        """Return its place in the virtual environment."""
        return Path(sys.prefix) / f"{self.package}-{self.version}.js"


MERMAID = Script(
    "mermaid",
    "11.12.0",
    "package/dist/mermaid.min.js",
    "ZudVx73BwrMJfCFmSSJT84y6u5brEoV8DOItdHomNLz32uBjNrelm7mg95X7g+C6UoQH/W6mBLGDEDv73JdxBg==",
)
# Lets browsers search pages that are opened as files.
IFRAME_WORKER = Script(
    "iframe-worker",
    "1.0.4",
    "package/shim/index.js",
    "roeaaI+Lg1LJNfgpCjoRe/+WzEjy9+Z08LoEvu85MCPbBjwm+qXz8Ag5U05lHa6V1CysZyGzE0SOkAtSUA5q7Q==",
)
SCRIPTS = (MERMAID, IFRAME_WORKER)


def fetch(script: Script) -> None:
    """Put the script into the virtual environment, unless it is present.

    Raises:
        OSError: the registry does not respond.
        SystemExit: the package does not match its checksum.
    """
    if script.path.exists():
        return
    url = f"https://registry.npmjs.org/{script.package}/-/{script.package}-{script.version}.tgz"
    with urllib.request.urlopen(url, timeout=120) as response:
        packed = response.read()
    if base64.b64encode(hashlib.sha512(packed).digest()).decode() != script.sha512:
        raise SystemExit(f"{url} does not match its checksum")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile(script.member)
        assert member is not None, archive.getnames()
        script.path.write_bytes(member.read())


if __name__ == "__main__":
    for each in SCRIPTS:
        fetch(each)
