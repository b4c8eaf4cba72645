"""State of a git repository: commit, branch, remote, and uncommitted changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runicorn.capture.redaction import Masking
from runicorn.capture.subprocesses import KIBIBYTE, Commands, Output

TIMEOUT = 5.0
DIFF_LIMIT = 256 * KIBIBYTE
STATUS_LIMIT = 4096 * KIBIBYTE
MESSAGE_LIMIT = 16 * KIBIBYTE
# git must not run programs chosen by the repository, take locks, ask for passwords, or fetch anything.
ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
OPTIONS = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotepath=false", "-c", "color.ui=false")
DIFF = (
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--ignore-submodules=dirty",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
# Files that contain only keys; the diff of all others is masked.
KEPT_OUT = (
    ".env",
    ".env.*",
    "*.env",
    ".netrc",
    ".npmrc",
    ".pypirc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_rsa*",
    "id_ed25519*",
    "*credentials*",
    "secrets.*",
)


class Repository:
    """The repository that contains a folder, queried with `git`.

    Args:
        folder: any folder of it.
        variables: environment variables of git; not `os.environ`, which the training may change.
    """

    def __init__(
        self, folder: Path, commands: Commands, masking: Masking, variables: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._commands = commands
        self._masking = masking
        self._variables = {**variables, **ENVIRONMENT}

    def describe(self) -> dict[str, Any] | None:
        """Return the state of the repository; None outside of one, without git, or if git refuses.

        Known ones of these keys: `commit branch has_changes changed_files_count remote last_commit_message
        last_commit_author diff diff_truncated`. The diff compares tracked files with the commit; secrets are masked.
        """
        status = self._ask("status", "--porcelain=v2", "--branch", limit=STATUS_LIMIT)
        if status is None:
            return None
        description = _read_status(status.text)
        description["branch"] = self._masking.text(description["branch"])
        remote = self._remote()
        if remote:
            description["remote"] = remote
        if "commit" in description:
            description |= self._last_commit()
            description |= self._diff(description["commit"]) if description["has_changes"] else {}
        return description

    def _ask(self, *arguments: str, limit: int = KIBIBYTE) -> Output | None:
        return self._commands.output(
            ["git", *OPTIONS, *arguments],
            timeout=TIMEOUT,
            limit=limit,
            folder=self._folder,
            environment=self._variables,
        )

    def _remote(self) -> str:
        # Not `git remote get-url`: it applies `insteadOf`, which often contains credentials.
        for name in ("origin", *self._other_remotes()):
            url = self._ask("config", "--get", f"remote.{name}.url")
            if url is not None:
                return self._masking.address(url.text)
        return ""

    def _other_remotes(self) -> Sequence[str]:
        names = self._ask("remote")
        return names.text.splitlines()[:1] if names else ()

    def _last_commit(self) -> dict[str, Any]:
        answer = self._ask("log", "-1", "--format=%an <%ae>%x00%B", limit=MESSAGE_LIMIT)
        if answer is None:
            return {}
        author, _, message = self._masking.text(answer.text).partition("\0")
        return {"last_commit_author": author, "last_commit_message": message.strip()}

    def _diff(self, commit: str) -> dict[str, Any]:
        without = [f":(top,exclude,icase,glob)**/{name}" for name in KEPT_OUT]
        answer = self._ask(*DIFF, commit, "--", ":(top)", *without, limit=DIFF_LIMIT)
        if answer is None:
            return {}
        text = answer.data.decode("utf-8", "replace")
        if not answer.whole:  # half a line could be half a secret
            text = text[: text.rfind("\n") + 1]
        return {"diff": self._masking.text(text), "diff_truncated": not answer.whole} if text else {}


def _read_status(text: str) -> dict[str, Any]:
    """Parse commit, branch and number of changed files from `git status --porcelain=v2 --branch`."""
    lines = text.splitlines()
    heads = dict(line[2:].partition(" ")[::2] for line in lines if line.startswith("# "))
    changed = sum(not line.startswith("#") for line in lines)
    branch = heads.get("branch.head", "")
    description: dict[str, Any] = {
        "branch": "HEAD" if branch == "(detached)" else branch,
        "has_changes": changed > 0,
        "changed_files_count": changed,
    }
    commit = heads.get("branch.oid", "(initial)")
    return {"commit": commit, **description} if commit != "(initial)" else description
