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
sys.path.insert(0, sys.argv[2])
from remote.viewers import wheel
open(sys.argv[1] + "/" + wheel.NAME, "wb").write(wheel.own_wheel())
print(wheel.PACKAGE)
"""


def built(target: Path) -> Path:
    """The wheel that the build backend builds."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(target),
        str(PROJECT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = target.glob("*.whl")
    return found


def packed(target: Path) -> Path:
    """The wheel that Runicorn builds of itself."""
    path = target / wheel.NAME
    path.write_bytes(wheel.own_wheel())
    return path


def members(path: Path) -> dict[str, bytes]:
    """Return the files of a wheel except those that name the builder."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if not name.endswith(("/RECORD", "/WHEEL", "/METADATA"))]
        return {name: archive.read(name) for name in names}


def described(path: Path) -> dict[str, list[str]]:
    """Return the metadata of a wheel."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(f"{wheel.INFO}/METADATA").decode()
    message = Parser().parsestr(text)
    spelled = {
        name: sorted(value.replace(" ", "").replace("'", '"').lower() for value in message.get_all(name, []))
        for name in set(message.keys())
    }
    return spelled | {"text": [str(message.get_payload())]}


def test_a_checkout_is_packed_as_its_build_backend_does(tmp_path: Path) -> None:
    (tmp_path / "built").mkdir()
    theirs, ours = built(tmp_path / "built"), packed(tmp_path)
    assert theirs.name == ours.name
    assert members(ours) == members(theirs)
    expected, found = described(theirs), described(ours)
    (
        expected.pop("Metadata-Version"),
        found.pop("Metadata-Version"),
    )  # newer backends write newer versions
    for name in ("Requires-Dist", "Provides-Extra"):
        assert _plain(found.pop(name)) == _plain(expected.pop(name))
    assert found == expected


def _plain(values: list[str]) -> list[str]:
    """Normalize requirements: the order of bounds and the separators in names are irrelevant."""
    return sorted("".join(sorted(value.replace("_", "-"))) for value in values)


def test_an_installation_packs_the_same_wheel(tmp_path: Path) -> None:
    python = bare_environment(tmp_path, "venv")
    first = packed(tmp_path)
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
    ]
    command += ["--no-compile", str(first)]
    subprocess.run(command, check=True, capture_output=True)
    package = next((tmp_path / "venv").glob("lib/python*/site-packages/runicorn"))
    again = tmp_path / "again"
    again.mkdir()
    said = subprocess.run(
        [python, "-P", "-c", PACK, str(again), str(package / "_server")],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={},
    ).stdout
    assert said.strip() == str(package)
    assert members(again / wheel.NAME) == members(first)
    assert described(again / wheel.NAME) == described(first)
    said = subprocess.check_output([python, "-c", "import runicorn; print(runicorn.__version__)"], env={})
    assert said.decode().strip() == __version__
