"""S3 servers of tests: moto, and radosgw on a Ceph cluster of one monitor and one store in memory.

What each of them does not do:

moto: it checks neither signatures nor checksums, so any credentials are valid.
radosgw 18: it ignores checksums (but compares the SHA-256 in the signature), and `If-None-Match` when a multipart upload is
completed. Its backend without a cluster, dbstore, returns wrong bytes for contents sent in parts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import programs
from tests.processes import free_port
from tests.secrecy import secret
from tests.waiting import until

KEY, SECRET = "labkey", secret()
BUCKET = "artifacts"


class S3Server:
    """An S3 server on loopback with an empty bucket `BUCKET`."""

    is_moto = False

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        with ExitStack() as failing:
            failing.callback(self.stop)
            self.prepare()
            self._begin(self.command())
            until(self._answers)
            self.client().create_bucket(Bucket=BUCKET)
            failing.pop_all()

    def prepare(self) -> None:
        """Start what the server needs."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def _begin(self, command: list[str]) -> None:
        with (self.folder / "log").open("ab") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))

    def _answers(self) -> bool:
        assert self._processes[-1].poll() is None, (self.folder / "log").read_text(errors="replace")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Kill its processes."""
        for process in reversed(self._processes):
            process.kill()
            process.wait(60)

    def environment(self, prefix: str, port: int = 0, **more: str) -> dict[str, str]:
        """Return the variables of a server whose pool is in this bucket, reached at another port if one is given."""
        return {
            "RUNICORN_ARTIFACT_POOL": f"s3://{BUCKET}/{prefix}",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }

    def client(self) -> Any:
        """Return a client of its own."""
        import botocore.session

        session = botocore.session.Session()
        session.set_credentials(KEY, SECRET)
        return session.create_client(
            "s3", endpoint_url=f"http://127.0.0.1:{self.port}", region_name="us-east-1"
        )

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of contents below a prefix."""
        listing = self.client().list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/")
        return [entry["Key"] for entry in listing.get("Contents", ()) if not entry["Key"].endswith("/.store")]

    def unfinished(self, prefix: str) -> list[str]:
        """Return the keys of multipart uploads below a prefix that were neither completed nor aborted."""
        uploads = self.client().list_multipart_uploads(Bucket=BUCKET, Prefix=f"{prefix}/")
        return [upload["Key"] for upload in uploads.get("Uploads", ())]


class Moto(S3Server):
    """moto, in memory."""

    is_moto = True

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]


class Radosgw(S3Server):
    """radosgw with one user: Debian's packages radosgw, ceph-mon and ceph-osd."""

    def prepare(self) -> None:
        """Start the cluster."""
        monitor = free_port()
        self._configuration = self.folder / "ceph.conf"
        self._configuration.write_text(CEPH.format(folder=self.folder, monitor=monitor), encoding="utf-8")
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        self._start_cluster(f"[v2:127.0.0.1:{monitor}]")

    def _run(self, program: str, *arguments: str) -> str:
        return subprocess.run(
            self._command(program, *arguments), check=True, capture_output=True, text=True, timeout=120
        ).stdout

    def _command(self, program: str, *arguments: str) -> list[str]:
        path = programs.find(program)
        assert path is not None
        return [path, f"--conf={self._configuration}", *arguments]

    def _start_cluster(self, address: str) -> None:
        keyring, monmap = f"{self.folder}/keyring", f"{self.folder}/monmap"
        tool = programs.find("ceph-authtool")
        assert tool is not None
        for number, (name, rights) in enumerate(RIGHTS.items()):
            new = ["--create-keyring"] * (number == 0)
            caps = [word for part in rights for word in ("--cap", part, rights[part])]
            subprocess.run(
                [tool, keyring, *new, "--gen-key", "-n", name, *caps], check=True, capture_output=True
            )
        self._run("monmaptool", "--create", "--fsid", FSID, "--addv", "a", address, monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", f"--monmap={monmap}", f"--keyring={keyring}")
        self._begin(self._command("ceph-mon", "-f", "-i", "a"))
        self._run("ceph", "osd", "new", OSD)
        self._run("ceph", "auth", "import", "-i", keyring)
        self._run("ceph-osd", "-i", "0", "--mkfs", f"--osd-uuid={OSD}")
        self._begin(self._command("ceph-osd", "-f", "-i", "0"))
        arguments = ("user", "create", "--uid=lab", "--display-name=Lab", f"--access-key={KEY}")
        self._run("radosgw-admin", "-n", "client.admin", *arguments, f"--secret-key={SECRET}")

    def command(self) -> list[str]:
        frontend = f"--rgw-frontends=beast endpoint=127.0.0.1:{self.port}"
        return self._command("radosgw", "-f", "-n", "client.admin", frontend)


FSID, OSD = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))
RIGHTS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *"},
}
CEPH = f"""[global]
fsid = {FSID}
mon host = [v2:127.0.0.1:{{monitor}}]
public addr = 127.0.0.1
ms bind ipv4 = true
ms bind ipv6 = false
run dir = {{folder}}
admin socket = {{folder}}/$name.asok
log file = {{folder}}/$name.log
keyring = {{folder}}/keyring
mon data = {{folder}}/mon
mon data avail crit = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd data = {{folder}}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
# Debian's default is a relative path.
osd class dir = /usr/lib/x86_64-linux-gnu/rados-classes
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
rgw data = {{folder}}/rgw
"""
