from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

from remote.viewers import wheel
from runicorn._version import __version__
from tests.processes import PROJECT
from tests.server.remote.pythons import bare_environment

PACK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from remote.viewers import wheel
for name, content in wheel.own_wheels().items():
    Path(sys.argv[1], name).write_bytes(content)
print(wheel.PACKAGE)
"""


def built(target: Path) -> list[Path]:
    """The wheels that the build backend builds."""
    for source in (PROJECT / "sdk", PROJECT):
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, source]
        subprocess.run(command, check=True, capture_output=True)
    return sorted(target.glob("*.whl"), reverse=True)


def packed(target: Path) -> list[Path]:
    """The wheels that Runicorn builds of itself: of the SDK, and of the server."""
    wheels = wheel.own_wheels()
    for name, content in wheels.items():
        (target / name).write_bytes(content)
    return [target / name for name in wheels]


def members(path: Path) -> dict[str, bytes]:
    """Return the files of a wheel except those that name the builder."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if not name.endswith(("/RECORD", "/WHEEL", "/METADATA"))]
        return {name: archive.read(name) for name in names}


def described(path: Path) -> dict[str, list[str]]:
    """Return the metadata of a wheel."""
    with zipfile.ZipFile(path) as archive:
        (place,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        text = archive.read(place).decode()
    message = Parser().parsestr(text)
    spelled = {
        name: sorted(value.replace(" ", "").replace("'", '"').lower() for value in message.get_all(name, []))
        for name in set(message.keys())
    }
    return spelled | {"text": [str(message.get_payload())]}


def test_a_checkout_is_packed_as_its_build_backend_does(tmp_path: Path) -> None:
    (tmp_path / "built").mkdir()
    for theirs, ours in zip(built(tmp_path / "built"), packed(tmp_path), strict=True):
        assert theirs.name == ours.name
        assert members(ours) == members(theirs)
        expected, actual = described(theirs), described(ours)
        for metadata in (expected, actual):  # newer backends write newer versions
            metadata.pop("Metadata-Version")
        for name in ("Requires-Dist", "Provides-Extra"):
            assert _plain(actual.pop(name)) == _plain(expected.pop(name))
        assert actual == expected


def _plain(values: list[str]) -> list[str]:
    """Normalize requirements: the order of bounds and the separators in names are irrelevant."""
    return sorted("".join(sorted(value.replace("_", "-"))) for value in values)


def test_an_installation_packs_the_same_wheels(tmp_path: Path) -> None:
    python = bare_environment(tmp_path, "venv")
    first = packed(tmp_path)
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*install, "--no-compile", *first], check=True, capture_output=True)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    # As `pip install .` leaves it.
    (metadata,) = site.glob("runicorn_django-*.dist-info/METADATA")
    text = metadata.read_text(encoding="utf-8")
    exact = f"Requires-Dist: runicorn-sdk=={__version__}\n"
    assert exact in text
    metadata.write_text(text.replace(exact, "Requires-Dist: runicorn-sdk @ file:///source/sdk\n"), encoding="utf-8")  # fmt: skip
    again = tmp_path / "again"
    again.mkdir()
    command = [python, "-P", "-c", PACK, again, site / "runicorn_site" / "_apps"]
    output = subprocess.check_output(command, text=True, cwd=tmp_path, env={})
    assert output.strip() == str(site / "runicorn")
    for path in first:
        assert members(again / path.name) == members(path)
        assert described(again / path.name) == described(path)
    output = subprocess.check_output([python, "-c", "import runicorn; print(runicorn.__version__)"], env={})
    assert output.decode().strip() == __version__
