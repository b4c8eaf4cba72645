"""An archive that is not what it should be is refused with a sentence, and nothing of it is anywhere."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runicorn import _platform
from runicorn.store.run_files import is_in_subfolder
from runicorn_tools.archives.limits import ArchiveRefused, ArchiveTooLarge, Limits
from runicorn_tools.archives.read import import_archive
from runicorn_tools.archives.reader import members
from tests.tools.exchange.packing import RUN, Content, good, gzipped, snapshot, tarred, zip_link, zipped

Case = tuple[str, bytes, str]
NAMES = {
    "parents": ("../evil.txt", "empty parts"),
    "parents inside": (f"{RUN}/../../../../../evil.txt", "empty parts"),
    "a sibling that begins alike": ("../store-evil/p/n/runs/x/meta.json", "empty parts"),
    "absolute": ("/tmp/evil.txt", "relative"),
    "a drive": ("C:/evil.txt", "relative"),
    "a drive without a slash": ("c:evil.txt", "relative"),
    "backslashes": (f"{RUN}\\..\\..\\evil.txt", "backslashes"),
    "a network share": ("\\\\host\\share\\evil.txt", "backslashes"),
    "double slashes": ("p//n/runs/x/meta.json", "empty parts"),
    "a dot within": (f"{RUN}/./meta.json", "empty parts"),
    "a line break": (f"{RUN}/a\nb", "control"),
    "an escape": (f"{RUN}/\x1b[2J", "control"),
    "a very long part": (f"{RUN}/{'x' * 300}", "255 bytes"),
    "a very long path": ("/".join(["x" * 100] * 12), "1024"),
    "no place of a store": ("etc/passwd", "not part of a store"),
    "a file at the top": ("evil.txt", "not part of a store"),
    "the folder of a project": ("p/evil.txt", "not part of a store"),
    "the folder of an experiment": ("p/n/evil.txt", "not part of a store"),
    "beside the runs": ("p/n/evil/x/meta.json", "not part of a store"),
    "a file for a run": ("p/n/runs/x", "not part of a store"),
    "a hidden run": ("p/n/runs/.x/meta.json", "not part of a store"),
    "a hidden project": (".p/n/runs/x/meta.json", "begin with a dot"),
    "a reserved project": ("evaluations/n/runs/x/meta.json", "is reserved"),
    "an unknown kind of artifact": ("artifacts/a:b/m/v1/manifest.json", "Invalid artifact type"),
    "an impossible artifact": ("artifacts/model/a:b/v1/manifest.json", "Invalid artifact name"),
    "an invalid version": ("artifacts/model/m/v0/manifest.json", "not part of a store"),
    "a stranger in a version": ("artifacts/model/m/v1/evil.sh", "not part of a store"),
    "an invalid content": ("artifacts/.dedup/aa/evil", "not part of a store"),
}


def _names() -> Iterator[Case]:
    for what, (name, phrase) in NAMES.items():
        for kind, pack in (("zip", zipped), ("tar", tarred), ("tar.gz", gzipped)):
            yield f"{what}, {kind}", pack({**good(), name: b"evil"}), phrase


def _kinds() -> Iterator[Case]:
    kinds = {
        "a symbolic link": tarfile.SYMTYPE,
        "a hard link": tarfile.LNKTYPE,
        "a pipe": tarfile.FIFOTYPE,
        "a character device": tarfile.CHRTYPE,
        "a block device": tarfile.BLKTYPE,
        "an unknown kind": b"Z",
    }
    for what, kind in kinds.items():
        for name, pack in (("tar", tarred), ("tar.gz", gzipped)):

            def change(info: tarfile.TarInfo, kind: bytes = kind) -> None:
                if info.name.endswith("evil"):
                    info.type, info.linkname, info.size = kind, "/etc/passwd", 0

            yield f"{what}, {name}", pack({**good(), f"{RUN}/evil": b""}, change), "link or a device"
    for what, mode in (("link", stat.S_IFLNK), ("pipe", stat.S_IFIFO), ("device", stat.S_IFCHR)):
        yield f"a {what} in a zip", zip_link(f"{RUN}/evil", b"/etc/passwd", mode), "link or a device"


def _clashes() -> Iterator[Case]:
    pairs = {
        "case": ("META.JSON", "only in case"),
        "a folder's case": ("../20260101_000000_AAAAAA/meta.json", None),
        "a file as a folder": ("meta.json/evil", "a file and a folder"),
        "one name twice": ("meta.json", "twice"),
    }
    for what, (name, phrase) in pairs.items():
        path = f"{RUN}/{name}" if phrase else f"{RUN.upper().replace('P/N/RUNS', 'p/n/runs')}/meta.json"
        for kind in ("zip", "tar"):
            first = zipped if kind == "zip" else tarred
            yield f"{what}, {kind}", _two(first, path), phrase or "only in case"
    composed, apart = f"{RUN}/\u00e9.txt", f"{RUN}/e\u0301.txt"
    yield "two spellings of a letter", zipped({**good(), composed: b"1", apart: b"2"}), "only in case"


def _two(pack: Callable[..., bytes], path: str) -> bytes:
    """The good run and one member more, whose name may be there already."""
    if pack is tarred:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name, data in [*good().items(), (path, b"x")]:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return out.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in good().items():
            archive.writestr(name, data)
        with pytest.warns(UserWarning) if path in good() else _nothing():
            archive.writestr(path, b"x")
    return out.getvalue()


class _nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *about: object) -> None: ...


def _damage() -> Iterator[Case]:
    archives = {"zip": zipped(good()), "tar": tarred(good()), "tar.gz": gzipped(good())}
    for kind, data in archives.items():
        for share in (3, 2):
            yield f"cut off at 1/{share}, {kind}", data[: len(data) // share], "damaged"
    tar = archives["tar"]
    # Right behind the last member: only the two blocks of zeros are missing.
    yield "a tar without its end", tar[: 512 * 2 * 3 + 512 * 5], "damaged"
    flipped = bytearray(archives["zip"])
    flipped[60] ^= 0xFF
    yield "a flipped byte in a zip", bytes(flipped), "damaged"
    flipped = bytearray(archives["tar.gz"])
    flipped[len(flipped) // 2] ^= 0xFF
    yield "a flipped byte in a tar.gz", bytes(flipped), ""
    flipped = bytearray(tar)
    flipped[512 * 2 + 3] ^= 0xFF
    yield "a flipped byte in a header", bytes(flipped), "damaged"
    yield "nothing", b"", "damaged"
    yield "text", b"<html>not found</html>" * 100, "damaged"
    yield "zeros", bytes(10240), ""
    yield "bzip2", bz2.compress(tar), "not a zip"
    yield "xz", lzma.compress(tar), "not a zip"
    yield "a zip of nothing", zipped({}), "neither runs nor artifacts"
    encrypted = bytearray(archives["zip"])
    encrypted[6] |= 1
    encrypted[encrypted.find(b"PK\x01\x02") + 8] |= 1
    yield "an encrypted zip", bytes(encrypted), "encrypted"
    nul = zipped({**good(), f"{RUN}/evil0.txt": b""}).replace(b"evil0", b"evil\0")
    yield "a zero byte in a zip", nul, "control"
    yield (
        "a directory beyond the file",
        archives["zip"][:-10] + b"\xff\xff\xff\x0f" + archives["zip"][-6:],
        "",
    )


def _headers() -> Iterator[Case]:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo(f"{RUN}/meta.json")
        info.pax_headers = {"comment": "x" * 6_000_000}
        archive.addfile(info)
    yield "a header of megabytes", out.getvalue(), "too long"
    yield "the same, packed", gzip.compress(out.getvalue()), "too long"
    chain = b"".join(_pax(b"12 path=a/b\n") for _ in range(3000))
    yield "headers of headers without an end", chain + tarred(good()), "too long"
    long = b"".join(_pax(_record(f"key{n}", 60_000)) for n in range(8))
    yield "long headers of headers", long + tarred(good()), "too long"
    for_all = b"".join(_pax(_record(f"key{n}", 60_000), tarfile.XGLTYPE) + _folder(n) for n in range(8))
    yield "headers for all members, more and more", for_all + tarred(good()), "too long"
    sparse = tarfile.TarInfo(f"{RUN}/hole")
    sparse.type, sparse.size = tarfile.GNUTYPE_SPARSE, 512
    block = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"00000000000\0" + b"00000001000\0"
    block[483:495] = b"77777777777\0"  # eight gigabytes of nothing
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    yield "a hole of gigabytes", bytes(block) + bytes(512) + bytes(1024), "link or a device"


def _pax(record: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = kind, len(record)
    return info.tobuf() + record + bytes(-len(record) % 512)


def _record(key: str, length: int) -> bytes:
    """A record of a header, of so many bytes."""
    begin = f"{length} {key}=".encode()
    return begin.ljust(length - 1, b"x") + b"\n"


def _folder(number: int) -> bytes:
    info = tarfile.TarInfo(f"p/n{number}")
    info.type = tarfile.DIRTYPE
    return info.tobuf()


def _artifacts() -> Iterator[Case]:
    digest = hashlib.sha256(b"weights").hexdigest()
    blob = f"artifacts/.dedup/{digest[:2]}/{digest}"

    def version(path: str = "w.pt", digest: str = digest, size: object = 7) -> Content:
        manifest = {"files": [{"path": path, "size": size, "digest": f"sha256:{digest}"}], "references": []}
        return {"artifacts/model/m/v1/manifest.json": json.dumps(manifest).encode()}

    yield "a content of another digest", zipped({blob: b"other"}), "its digest differs"
    yield "a content that is missing", zipped(version()), "lacks the content"
    yield (
        "another file than the manifest says",
        zipped({**version(), "artifacts/model/m/v1/files/w.pt": b"another"}),
        "lacks the content",
    )
    yield "no manifest", zipped({"artifacts/model/m/v1/metadata.json": b"{}"}), "no manifest"
    yield "an invalid manifest", zipped({"artifacts/model/m/v1/manifest.json": b"[1"}), "rejected"
    for path in ("../../../../evil", "/etc/passwd", "a/../b", ""):
        yield f"a manifest with {path!r}", zipped({**version(path), blob: b"weights"}), "rejected"
    yield "an invalid size", zipped({**version(size=-1), blob: b"weights"}), "rejected"
    two = {**good(), **{name.replace("p/n", "q/n"): data for name, data in good().items()}}
    yield "two runs of one id", zipped(two), "two runs with the same id"


CASES = [*_names(), *_kinds(), *_clashes(), *_damage(), *_headers(), *_artifacts()]


def test_more_than_a_hundred_hostile_archives_are_tested() -> None:
    assert len(CASES) > 100 and len({name for name, _, _ in CASES}) == len(CASES)


def test_a_hostile_archive_is_refused(folder: Path, subtests: pytest.Subtests) -> None:
    (folder / "kept.txt").write_text("what was there")
    before, beside = snapshot(folder), snapshot(folder.parent)
    for name, data, phrase in CASES:
        with subtests.test(name):
            with pytest.raises(ArchiveRefused) as refused:
                import_archive(folder, io.BytesIO(data))
            assert phrase in str(refused.value) and "\n" not in str(refused.value).replace("a\\nb", "")
            assert snapshot(folder) == before and snapshot(folder.parent) == beside


def test_the_intact_archive_among_them_is_imported(folder: Path) -> None:
    for pack in (zipped, tarred, gzipped):
        number = f"20260101_00000{len(list(folder.glob('p/n/runs/*')))}_aaaaaa"
        assert import_archive(folder, io.BytesIO(pack(good(number)))).runs == [f"p/n/runs/{number}"]


LIMITS = Limits(members=20, bytes=200_000, ratio=50, ratio_from=10_000)
BEYOND = {
    "members": {f"{RUN}/{n}.txt": b"" for n in range(21)},
    "bytes": {f"{RUN}/{n}.bin": bytes(range(256)) * 100 for n in range(9)},
    "ratio": {f"{RUN}/zeros.bin": bytes(150_000)},
}


@pytest.mark.parametrize("pack", [zipped, gzipped])
@pytest.mark.parametrize("what", BEYOND)
def test_the_import_limits_are_enforced(folder: Path, what: str, pack: Callable[[Content], bytes]) -> None:
    before = snapshot(folder)
    with pytest.raises(ArchiveTooLarge):
        import_archive(folder, io.BytesIO(pack(BEYOND[what])), limits=LIMITS)
    assert snapshot(folder) == before


def test_declared_sizes_of_a_zip_are_not_trusted(folder: Path) -> None:
    data = bytearray(zipped({**good(), f"{RUN}/bomb": bytes(20_000_000)}))
    for place, at in (
        (data.find(b"PK\x03\x04", data.find(b"bomb") - 40), 22),
        (data.rfind(b"PK\x01\x02"), 24),
    ):
        data[place + at : place + at + 4] = struct.pack("<I", 10)
    before = snapshot(folder)
    with pytest.raises(ArchiveRefused):
        import_archive(folder, io.BytesIO(bytes(data)))
    assert snapshot(folder) == before


def _ended_twice(data: bytes, offset: int) -> bytes:
    """The same zip file with a record for large files, and ends that say it has one member and is elsewhere."""
    place = data.rfind(b"PK\x05\x06")
    length, start = struct.unpack("<II", data[place + 12 : place + 20])
    large = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, length, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, offset, 1)
    return data[:place] + large + locator + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, 46, start, 0)


def _lying(data: bytes) -> bytes:
    place = data.rfind(b"PK\x05\x06")
    return data[: place + 8] + struct.pack("<HH", 1, 1) + data[place + 12 :]


@pytest.mark.parametrize(
    "change", [_lying, lambda data: _ended_twice(data, 0)], ids=["a lie", "a second end"]
)
def test_a_central_directory_is_limited_before_it_is_read(
    folder: Path, change: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile, before = change(zipped(BEYOND["members"])), snapshot(folder)
    with suppress(zipfile.BadZipFile):  # from Python 3.13 on a second end is one too many for it
        assert len(zipfile.ZipFile(io.BytesIO(hostile)).namelist()) == 21
    monkeypatch.setattr(
        zipfile.ZipFile, "_RealGetContents", lambda self: pytest.fail("it was read as a whole")
    )
    with pytest.raises(ArchiveTooLarge):
        import_archive(folder, io.BytesIO(hostile), limits=LIMITS)
    assert snapshot(folder) == before


def test_a_zip64_archive_is_accepted(folder: Path) -> None:
    data = zipped(good())
    assert import_archive(folder, io.BytesIO(_ended_twice(data, data.rfind(b"PK\x05\x06")))).runs == [RUN]


def test_a_link_in_the_store_is_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "p").symlink_to(outside)
    with pytest.raises(ArchiveRefused, match="is a link"):
        import_archive(folder, io.BytesIO(zipped(good())))
    assert not list(outside.iterdir())


@pytest.mark.parametrize("name", ["CON", "aux.txt", "meta.json:evil", "logs.txt.", "status.json ", "a/nul/b"])
def test_names_with_another_meaning_on_windows_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    packed = tarred({**good(), f"{RUN}/media/{name}": b"x"})
    monkeypatch.setattr(_platform, "WINDOWS", True)
    with pytest.raises(ArchiveRefused, match="something else"):
        list(members(io.BytesIO(packed), Limits()))
    assert not is_in_subfolder(f"media/{name}")
    monkeypatch.undo()
    assert is_in_subfolder(f"media/{name}")
    assert len(list(members(io.BytesIO(packed), Limits()))) == len(good()) + 1
