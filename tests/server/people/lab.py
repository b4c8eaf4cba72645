"""A viewer with users."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import requests

from tests.processes import PROJECT, Viewer, environment, run_module
from tests.secrecy import secret

ROLES = {
    "root": ("admin", {}),
    "cy": ("curate", {}),
    "wu": ("write-all", {}),
    "ada": ("write-own", {}),
    "bo": ("write-own", {}),
    "rita": ("read", {"speech": "write-all"}),
}
ADDRESSES = count(1)


@dataclass
class Lab:
    """A viewer, and the passwords of its users."""

    viewer: Viewer
    home: Path
    passwords: dict[str, str]
    sessions: dict[str, requests.Session] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.viewer.url

    def sign_in(
        self, name: str, password: str = "", address: str = ""
    ) -> tuple[requests.Session, requests.Response]:
        """Send the form of the login page in a new browser session, from an address of its own unless one is named."""
        browser = requests.Session()
        # The sign-ins of one address are limited.
        browser.headers["X-Forwarded-For"] = address or f"2001:db8::{next(ADDRESSES):x}"
        answer = self.send(browser, "/login", username=name, password=password or self.passwords[name])
        del browser.headers["X-Forwarded-For"]
        return browser, answer

    def session(self, name: str) -> requests.Session:
        """Return a browser session of a user."""
        if name not in self.sessions:
            self.sessions[name], answer = self.sign_in(name)
            assert answer.status_code == 302, answer.text
        return self.sessions[name]

    def send(self, browser: requests.Session, path: str, page: str = "", **fields: Any) -> requests.Response:
        """Send a form with the CSRF token of a page."""
        form = browser.get(self.url + (page or path), timeout=30)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        data = {**fields, "csrfmiddlewaretoken": token[1] if token else ""}
        return browser.post(self.url + path, data=data, allow_redirects=False, timeout=30)

    def token(self, name: str, scope: str = "write", token: str = "ci") -> str:
        """Let a user create an API token on the account page."""
        answer = self.send(
            self.session(name), "/account/tokens", "/account", name=token, scope=scope, expires="30d"
        )
        match = re.search(r"rnc_[\w-]+", answer.text)
        assert match is not None, answer.text
        return match[0]

    def status(self, secret: str, method: str, path: str, **more: Any) -> int:
        """Return the status of a request with an API token."""
        headers = {"Authorization": f"Bearer {secret}"}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **more).status_code

    def command(self, *words: str, program: str = "user") -> str:
        """Run `runicorn user`, or another program, and return its output."""
        process = run_module(["runicorn", program, *words], environment(self.home), PROJECT)
        assert process.returncode == 0, process.stderr
        return process.stdout.strip()


def add_users(home: Path, roles: dict[str, tuple[str, dict[str, str]]]) -> dict[str, str]:
    """Create users with passwords, and return the passwords."""
    passwords = {name: secret() for name in roles}
    people = {name: (role, passwords[name], grants) for name, (role, grants) in roles.items()}
    variables = environment(home, RUNICORN_USERS="yes")
    added = run_module(["tests.server.people.adding"], variables, PROJECT, input=json.dumps(people))
    assert added.returncode == 0, added.stderr
    return passwords


def recorded(home: Path) -> list[dict[str, Any]]:
    """Return the record of changes, the oldest first."""
    with closing(sqlite3.connect(home / "data" / "server.sqlite3", timeout=30)) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT * FROM people_change ORDER BY id").fetchall()
    return [{**row, "runs": json.loads(row["runs"])} for row in rows]
