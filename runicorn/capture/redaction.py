"""Masking of secrets in recorded data: credentials in URLs, arguments with secret names, keys of known forms.

Heuristic: what looks like a secret becomes `***`. Not every secret can be recognised; what is never read (most environment
variables, files with keys) cannot leak.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

MASK = "***"
SHORTEST = 6
"""Length below which a value is too common to be searched for."""

_TELLING = frozenset(
    [
        "apikey",
        "auth",
        "authorization",
        "bearer",
        "cookie",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "pass",
        "pat",
        "pwd",
        "secret",
        "secrets",
        "sessionid",
        "signature",
        "token",
    ]
)
_TELLING_ENDS = ("apikey", "passphrase", "passwd", "password", "secret", "token")
_KINDS_OF_KEYS = frozenset(
    [
        "access",
        "account",
        "api",
        "auth",
        "client",
        "deploy",
        "encryption",
        "master",
        "private",
        "secret",
        "signing",
        "ssh",
    ]
)
_PLACES = frozenset(["dir", "file", "home", "path", "sock", "socket"])
_COMMON = frozenset(["default", "disable", "disabled", "enable", "enabled", "optional", "prompt", "required"])
# Special tokens of a vocabulary, such as `pad_token`, are settings, not secrets.
_VOCABULARY_WORDS = (
    "additional audio begin bos class cls decoder end eos image latent mask n num pad padding patch per sep "
    "special start stop unk"
)
_VOCABULARY = frozenset(_VOCABULARY_WORDS.split())
_WORDS_OF_TOKENS = (
    "budget count dim dims distill drop dropout embed embedding embeddings id ids label len length level limit "
    "loss mask merging mixer mixing pool pooling prob ratio reward rewards size type types weight weights"
)
_OF_TOKENS = frozenset(_WORDS_OF_TOKENS.split())
"""Words after `token` in names of settings of models, such as `token_dim`."""
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_KEYS = re.compile(
    r"""\b(?:gh[opsur]_\w{20,} | github_pat_\w{20,} | glpat-[\w-]{15,} | hf_\w{20,} | sk-[\w-]{16,}
    | [rs]k_(?:live|test)_\w{10,} | xox[abeprs]-[\w-]{10,} | A[KS]IA[0-9A-Z]{16} | AIza[\w-]{30,} | npm_\w{30,}
    | pypi-[\w-]{20,} | dop_v1_\w{20,} | eyJ[\w-]{8,1024}\.[\w-]{8,4096}\.[\w-]*)""",
    re.VERBOSE,
)
_PEM = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_HEADER = re.compile(r"\b((?:Bearer|Basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
# The user part of a URL; a password may contain a slash if a colon precedes it.
_USER_PART = re.compile(r"(?<=://)(?:[^\s/'\"<>@]{0,1024}|[^\s/'\"<>@:]{1,256}:[^\s'\"<>@]{0,1024})@")
_PASSWORD_IN_URL = re.compile(r"://[^\s/@:]{0,256}:([^\s@]{1,1024})@")
_QUERY = re.compile(r"(?<=[?&])([\w.-]+)=([^\s&#'\"]+)")
# These patterns are applied to up to 256 kB of any text: lengths are bounded, and names are matched from their
# beginning only, since a line of base64 is one long name.
_QUOTED = re.compile(
    r"""(?<![\w.-])([\w.-]*\w)(["']?[ \t]*(?:=>|[:=])[ \t]*)(["'])(?![<\[{])([^"'\n]{4,})\3"""
)
_BARE = re.compile(
    r"""^([ +-]?[ \t]*(?:export[ \t]+)?)([\w.-]*\w)([ \t]*[:=][ \t]*)(?=\S*\d)(?=\S*[A-Za-z])([^\s"'(){}\[\],]{8,})[ \t]*$""",
    re.MULTILINE,
)
_PAIR = re.compile(r"([-+~]*[\w.@/-]+=)(.*)", re.DOTALL)
_FIELD = re.compile(r"([\w.-]+:\s*)(?!//)\S.*", re.DOTALL)


def is_telling(name: str, *, any_key: bool = True) -> bool:
    """Return whether a name suggests a secret: `api_key`, `HF_TOKEN`, `dbPassword`, but not `tokenizer`.

    Args:
        name: name of a variable, an option or a setting.
        any_key: whether every `…_key` is a secret, or only `api_key`, `access_key` and the like.
    """
    parts = [part.lower() for part in _PART.findall(name)]
    if parts and parts[-1] in ("key", "keys"):
        return any_key or any(part in _KINDS_OF_KEYS for part in parts)
    if parts[-1:] == ["token"] and _VOCABULARY.intersection(parts):
        return False
    parts = [
        part for part, after in zip(parts, [*parts[1:], ""]) if part != "token" or after not in _OF_TOKENS
    ]
    return any(part in _TELLING or part.endswith(_TELLING_ENDS) for part in parts)


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """Return likely secrets in environment variables, and passwords in URLs in any of them; longest first."""
    candidates = {value.strip() for name, value in environment.items() if _holds_secret(name)}
    for value in environment.values():
        candidates.update(_PASSWORD_IN_URL.findall(value))
    likely = [value for value in candidates if len(value) >= SHORTEST and value.lower() not in _COMMON]
    return sorted(likely, key=len, reverse=True)


def _holds_secret(name: str) -> bool:
    # PWD is the working directory, SSH_AUTH_SOCK a path.
    last = name.lower().rpartition("_")[2]
    return name not in ("PWD", "OLDPWD") and last not in _PLACES and is_telling(name)


class Masking:
    """Mask recognisable secrets in texts, including the values of those in an environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        secrets = secrets_of(environment)
        self._known = re.compile("|".join(map(re.escape, secrets))) if secrets else None

    def text(self, text: str) -> str:
        text = self._without_known(text)
        text = _PEM.sub(rf"\1{MASK}\2", text)
        text = _HEADER.sub(rf"\g<1>{MASK}", text)
        text = _KEYS.sub(MASK, text)
        text = _USER_PART.sub(f"{MASK}@", text)
        text = _QUERY.sub(lambda m: f"{m[1]}={MASK}" if is_telling(m[1]) else m[0], text)
        text = _QUOTED.sub(lambda m: f"{m[1]}{m[2]}{m[3]}{MASK}{m[3]}" if _assigns(m[1]) else m[0], text)
        return _BARE.sub(lambda m: f"{m[1]}{m[2]}{m[3]}{MASK}" if _assigns(m[2]) else m[0], text)

    def arguments(self, arguments: Sequence[str]) -> list[str]:
        """Mask a command line: `--token=x`, `--token x`, `model.api_key=x`, and secrets within any argument."""
        masked: list[str] = []
        secret_follows = False
        for argument in arguments:
            if secret_follows and not argument.startswith("--"):
                masked.append(MASK)
                secret_follows = False
            else:
                masked.append(self._argument(argument))
                secret_follows = argument.startswith("-") and "=" not in argument and is_telling(argument)
        return masked

    def _argument(self, argument: str) -> str:
        rest, masked = self._without_known(argument), ""
        while pair := _PAIR.fullmatch(rest):  # --env=API_KEY=x
            masked += pair[1]
            if is_telling(pair[1]):
                return masked + MASK
            rest = pair[2]
        field = _FIELD.fullmatch(rest)  # X-Api-Key: x
        if field and is_telling(field[1]):
            return masked + field[1] + MASK
        return masked + self.text(rest)

    def setting(self, name: str, value: Any) -> Any:
        """Return the value of a setting with secrets masked: texts with secret names, and secrets within any text.

        Args:
            name: the dotted key, of which the last part is checked.
            value: a JSON value; numbers and booleans are unchanged.
        """
        if isinstance(value, str):
            is_secret = bool(value) and is_telling(name.rpartition(".")[2], any_key=False)
            return MASK if is_secret else self.text(value)
        if isinstance(value, (list, tuple)):
            return [self.setting(name, item) for item in value]
        if isinstance(value, dict):
            return {key: self.setting(str(key), item) for key, item in value.items()}
        return value

    def address(self, url: str) -> str:
        """Return the URL of a repository without credentials, query and fragment; "" if its form is unknown."""
        url = re.split(r"[?#]", url.strip(), maxsplit=1)[0]
        scheme, separator, rest = url.partition("://")
        if not separator:
            # git@host:path, or a path; `ext::` and the like run commands and may contain anything.
            return "" if "::" in url else self._without_known(url)
        user, at, place = rest.rpartition("@")
        keep_user = scheme in ("ssh", "git+ssh") and at and re.fullmatch(r"\w+", user)
        return self._without_known(f"{scheme}://{user}@{place}" if keep_user else f"{scheme}://{place}")

    def _without_known(self, text: str) -> str:
        return self._known.sub(MASK, text) if self._known else text


def _assigns(name: str) -> bool:
    return is_telling(name, any_key=False)
