from __future__ import annotations

import base64
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from remote.models import KnownHost
from remote.ssh import host_keys, known_hosts
from remote.ssh.known_hosts import BadPublicKey, HostKey, public_key
from tests.sshd import keygen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs("ssh-keygen")]
ACCEPT = "/api/remote/known-hosts/accept"
REMOVE = "/api/remote/known-hosts/remove"


def host_key(folder: Path, name: str = "key", kind: str = "ed25519") -> HostKey:
    """Return a new public key."""
    return public_key(keygen(folder / name, kind).with_suffix(".pub").read_text())


@pytest.fixture
def key(tmp_path: Path) -> HostKey:
    """A public host key."""
    return host_key(tmp_path)


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the known_hosts file, which does not exist yet."""
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
    return host_keys.path()


def question(host: str, port: int, key: HostKey) -> dict[str, Any]:
    """Return the fields of a 409 response that are sent back to accept the key."""
    return {
        "host": host,
        "port": port,
        "key_type": key.key_type,
        "public_key": key.text,
        "fingerprint_sha256": key.fingerprint,
    }


def acceptance(host: str, port: int, key: HostKey) -> dict[str, Any]:
    """Return the same for a key that the host presented."""
    host_keys._remember(host, port, key)
    return question(host, port, key)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_the_fingerprint_is_that_of_ssh_keygen(tmp_path: Path, kind: str) -> None:
    key = host_key(tmp_path, kind=kind)
    process = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(tmp_path / "key.pub")], capture_output=True, text=True, check=True
    )
    assert process.stdout.split()[1] == key.fingerprint


def test_ssh_keygen_finds_what_was_accepted(api: APIClient, file: Path, key: HostKey) -> None:
    for host, port, name in (
        ("gpu.example.org", 22, "gpu.example.org"),
        ("gpu.example.org", 2222, "[gpu.example.org]:2222"),
        ("::1", 22, "::1"),
        ("2001:db8::7", 2222, "[2001:db8::7]:2222"),
    ):
        assert api.post(ACCEPT, acceptance(host, port, key)).json() == {"ok": True}
        process = subprocess.run(
            ["ssh-keygen", "-F", name, "-f", str(file)], capture_output=True, text=True, check=False
        )
        assert process.stdout.splitlines()[-1] == f"{name} {key.text}"
        assert host_keys.trusted_keys(host, port) == [key]
    assert file.stat().st_mode & 0o777 == 0o600


def test_hashed_names_are_known_and_removed(api: APIClient, file: Path, key: HostKey) -> None:
    file.write_text(f"gpu {key.text}\n[gpu]:2222 {key.text}\n")
    subprocess.run(["ssh-keygen", "-H", "-f", str(file)], check=True, capture_output=True)
    assert "gpu" not in file.read_text()
    assert host_keys.trusted_keys("gpu", 22) == host_keys.trusted_keys("gpu", 2222) == [key]
    assert not host_keys.trusted_keys("cpu", 22) and not host_keys.trusted_keys("gpu", 2223)
    hashed = api.get("/api/remote/known-hosts/list").json()["entries"]
    assert len(hashed) == 2 and all(entry["host"].startswith("|1|") for entry in hashed)
    body = {"host": "gpu", "port": 2222, "key_type": key.key_type}
    assert api.post(REMOVE, body).json() == {"ok": True, "changed": True}
    assert host_keys.trusted_keys("gpu", 22) and not host_keys.trusted_keys("gpu", 2222)
    body = {"host": hashed[0]["host"], "port": hashed[0]["port"], "key_type": key.key_type}
    assert api.post(REMOVE, body).json() == {"ok": True, "changed": True}
    assert file.read_text() == ""


def test_other_lines_of_the_file_are_kept(api: APIClient, file: Path, tmp_path: Path) -> None:
    old, new, other = (host_key(tmp_path, name) for name in ("old", "new", "other"))
    rsa = host_key(tmp_path, "rsa", "rsa")
    before = (
        "# a comment, with bytes that are no UTF-8: \udcff\n"
        "\n"
        f"cpu {other.text} user@somewhere\n"
        f"gpu,192.0.2.7 {old.text} both names\n"
        f"gpu {rsa.text}\n"
        f"@cert-authority *.example.org {other.text}\n"
        f"*.example.org,!gpu {other.text}\n"
        "gpu ssh-unknown AAAA\n"
        "not a line at all\r\n"
        "the last one without an end"
    )
    file.write_bytes(before.encode("utf-8", "surrogateescape"))
    file.chmod(0o644)
    assert api.post(ACCEPT, acceptance("gpu", 22, new)).status_code == 200
    after = file.read_bytes().decode("utf-8", "surrogateescape")
    remaining = before.replace("gpu,192.0.2.7", "192.0.2.7").replace(f"gpu {rsa.text}\n", "")
    assert after == f"{remaining}\ngpu {new.text}\n"
    assert host_keys.trusted_keys("gpu", 22) == [new] and host_keys.trusted_keys("192.0.2.7", 22) == [old]
    assert file.stat().st_mode & 0o777 == 0o600
    body = {"host": "gpu", "port": 22, "key_type": "ssh-ed25519"}
    assert api.post(REMOVE, body).json() == {"ok": True, "changed": True}
    assert api.post(REMOVE, body).json() == {"ok": True, "changed": False}
    assert file.read_bytes().decode("utf-8", "surrogateescape") == f"{remaining}\n"


def test_the_file_of_runicorn_05_is_taken_over(api: APIClient, file: Path, key: HostKey) -> None:
    file.write_text(f"[10.0.0.5]:2222 {key.text}\ngpu,GPU2 {key.text}\n")
    entries = api.get("/api/remote/known-hosts/list").json()["entries"]
    key_fields = {"key_type": "ssh-ed25519", "key_base64": key.data, "fingerprint_sha256": key.fingerprint}
    assert entries == [
        {"host": "10.0.0.5", "port": 2222, "known_hosts_host": "[10.0.0.5]:2222", **key_fields},
        {"host": "gpu", "port": 22, "known_hosts_host": "gpu", **key_fields},
        {"host": "gpu2", "port": 22, "known_hosts_host": "GPU2", **key_fields},
    ]
    assert host_keys.trusted_keys("gpu2", 22) == [key]


def test_the_rows_follow_the_file(api: APIClient, file: Path, tmp_path: Path) -> None:
    first, second = host_key(tmp_path, "first"), host_key(tmp_path, "second")
    api.post(ACCEPT, acceptance("gpu", 22, first))
    assert [row.fingerprint_sha256 for row in KnownHost.objects.all()] == [first.fingerprint]
    file.write_text(f"cpu {second.text}\n")
    assert [entry["host"] for entry in api.get("/api/remote/known-hosts/list").json()["entries"]] == ["cpu"]
    assert [row.host for row in KnownHost.objects.all()] == ["cpu"]
    file.unlink()
    assert api.get("/api/remote/known-hosts/list").json() == {"entries": []}
    assert not KnownHost.objects.exists()


def test_a_key_that_was_never_presented_is_not_accepted(
    api: APIClient, file: Path, key: HostKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (("gpu", 2222), ("cpu", 22)):
        host_keys._remember(*place, key)
    host_keys._remember("gpu", 22, host_key(tmp_path, "other"))
    answer = api.post(ACCEPT, question("gpu", 22, key))
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "public_key: gpu did not present this key within the last ten minutes. Connect again and compare them."
    )
    assert not file.exists()
    body = acceptance("gpu", 22, key)
    monkeypatch.setattr(host_keys, "ACCEPT_SECONDS", -1.0)
    assert api.post(ACCEPT, body).status_code == 400
    assert not file.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"host": ""}, "Invalid host"),
        ({"key_type": ""}, "Invalid key_type"),
        ({"fingerprint_sha256": ""}, "Invalid fingerprint_sha256"),
        ({"public_key": "ssh-ed25519 AAAA\nevil ssh-ed25519 AAAA"}, "Invalid public_key"),
        ({"public_key": "ssh-ed25519 AAAA\r"}, "Invalid public_key"),
        ({"host": "g pu"}, "Invalid host"),
        ({"host": "gpu,cpu"}, "Invalid host"),
        ({"host": "*"}, "Invalid host"),
        ({"host": "*.example.org"}, "Invalid host"),
        ({"host": "!gpu"}, "Invalid host"),
        ({"host": "gp?"}, "Invalid host"),
        ({"host": "|1|a|b"}, "Invalid host"),
        ({"host": "@revoked"}, "Invalid host"),
        ({"host": "#gpu"}, "Invalid host"),
        ({"key_type": "ssh- ed25519"}, "Invalid key_type"),
        ({"key_type": "ssh-ed25519\n"}, "Invalid key_type"),
        ({"fingerprint_sha256": "SHA256: x"}, "Invalid fingerprint_sha256"),
        ({"public_key": "ssh-ed25519"}, "Invalid public_key: Invalid public key format"),
        ({"public_key": "ssh-ed25519 A!"}, "Invalid public_key: Invalid base64 public key"),
        ({"public_key": "ssh-ed25519 AAAA"}, "key_type does not match public_key"),
        ({"public_key": "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA"}, "key_type does not match public_key"),
        ({"key_type": "ssh-rsa"}, "key_type does not match public_key"),
        ({"fingerprint_sha256": "SHA256:x"}, "fingerprint_sha256 does not match public_key"),
    ],
)
def test_contradictory_fields_are_bad_input(
    api: APIClient, file: Path, key: HostKey, change: dict[str, Any], sentence: str
) -> None:
    answer = api.post(ACCEPT, acceptance("gpu", 22, key) | change)
    assert (answer.status_code, answer.json()["detail"]) == (400, sentence)
    assert not file.exists()


@pytest.mark.parametrize(
    "change", [{"port": 0}, {"port": 65536}, {"port": "22"}, {"public_key": ""}, {"host": 1}]
)
def test_invalid_fields_are_bad_input(
    api: APIClient, file: Path, key: HostKey, change: dict[str, Any]
) -> None:
    answer = api.post(ACCEPT, acceptance("gpu", 22, key) | change)
    assert answer.status_code == 400 and next(iter(change)) in answer.json()["errors"]
    assert not file.exists()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"host": "", "port": 22, "key_type": "ssh-ed25519"}, "Invalid host"),
        ({"host": "a b", "port": 22, "key_type": "ssh-ed25519"}, "Invalid host"),
        ({"host": "a,b", "port": 22, "key_type": "ssh-ed25519"}, "Invalid host"),
        ({"host": "gpu", "port": 22, "key_type": ""}, "Invalid key_type"),
        ({"host": "gpu", "port": 22, "key_type": "a\tb"}, "Invalid key_type"),
    ],
)
def test_invalid_removals_change_nothing(
    api: APIClient, file: Path, key: HostKey, body: dict[str, Any], sentence: str
) -> None:
    file.write_text(f"gpu {key.text}\n")
    answer = api.post(REMOVE, body)
    assert (answer.status_code, answer.json()["detail"]) == (400, sentence)
    assert file.read_text() == f"gpu {key.text}\n"


def test_a_revoked_key_is_never_trusted(file: Path, key: HostKey) -> None:
    file.write_text(f"@revoked * {key.text}\ngpu {key.text}\n")
    with pytest.raises(host_keys.HostUnreachable, match="marked as revoked"):
        host_keys.verify(host_keys.content(), "gpu", 22, key)
    assert not host_keys.was_presented("gpu", 22, key), "it could be accepted now"


def test_a_file_that_cannot_be_read_makes_no_host_unknown(api: APIClient, file: Path, key: HostKey) -> None:
    file.mkdir()
    with pytest.raises(host_keys.HostUnreachable, match="cannot be read"):
        host_keys.verify(host_keys.content(), "gpu", 22, key)
    for method, route, body in (
        (api.get, "/api/remote/known-hosts/list", None),
        (api.post, ACCEPT, acceptance("gpu", 22, key)),
        (api.post, REMOVE, {"host": "gpu", "key_type": key.key_type}),
    ):
        answer = method(route, body)
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("The configuration could not be read or written: ")


def test_a_file_that_is_linked_stays_linked(api: APIClient, file: Path, key: HostKey, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles"
    elsewhere.write_text("# mine\n")
    file.symlink_to(elsewhere)
    assert api.post(ACCEPT, acceptance("gpu", 22, key)).status_code == 200
    assert file.is_symlink() and elsewhere.read_text() == f"# mine\ngpu {key.text}\n"


def test_concurrent_accepts_lose_nothing(file: Path, key: HostKey) -> None:
    threads = [
        threading.Thread(target=host_keys.accept, args=(f"gpu{number}", 22, key)) for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name for name, *_ in known_hosts.host_rows(file.read_text())} == {
        f"gpu{number}" for number in range(20)
    }


def test_presented_keys_expire(key: HostKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_keys, "MOST_SHOWN", 10)
    monkeypatch.setattr(host_keys, "_presented", {})
    for number in range(30):
        host_keys._remember(f"gpu{number}", 22, key)
    assert len(host_keys._presented) <= 10 and host_keys.was_presented("gpu29", 22, key)


lines = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@given(st.lists(lines, max_size=6), st.sampled_from(["gpu", "::1"]), st.sampled_from([22, 2222]))
def test_any_file_is_read_and_only_the_host_changes(content: list[str], host: str, port: int) -> None:
    raw = b"\0\0\0\x0bssh-ed25519" + bytes(36)
    key = HostKey("ssh-ed25519", base64.b64encode(raw).decode())
    text = "\n".join(content)
    with_it = known_hosts.with_key(text, host, port, key)
    assert with_it.startswith(text)
    assert known_hosts.keys_of(with_it, host, port)[-1] == key
    assert known_hosts.without_key(with_it, host, port, "ssh-ed25519").rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize(
    "text", ["", "a", "a b", "ssh-rsa ====", "ssh-ed25519 AAAAC3", "x" * 9000, "ssh-ed25519 é"]
)
def test_an_invalid_key_is_refused(text: str) -> None:
    with pytest.raises(BadPublicKey):
        public_key(text)
