"""Forms of the pages about remote hosts: login, start of a viewer, start of a mirror."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from remote.connections.entry_format import SECRETS, ConnectionProfile, Method
from remote.ssh import address as addresses
from remote.ssh.address import Address, InvalidAddress
from remote.ssh.credentials import Credentials
from runicorn_site.web.messages import translated

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

WAYS = ("password", "key_file", "key_text", "agent")
METHODS: dict[str, Method] = {"password": "password", "key_file": "key", "key_text": "key", "agent": "agent"}
"""Authentication methods of saved connections, by the choices of the form."""
_NEEDED = {
    "password": ("password", _("Enter the password.")),
    "key_file": (
        "private_key_path",
        _("Enter the path of the key file on the machine that runs this server."),
    ),
    "key_text": ("private_key", _("Paste the whole text of the key, from BEGIN to END.")),
}
_OF_A_WAY = {
    "password": ("password",),
    "key_file": ("passphrase",),
    "key_text": ("private_key", "passphrase"),
    "agent": (),
}


class LoginValues(TypedDict):
    """Values of the login form that it may show again: no secrets."""

    host: str
    port: int | str
    username: str
    name: str
    way: str
    private_key_path: str
    keep: bool
    remember: bool


class InvalidField(ValueError):
    """A field of a form is invalid; the text is a sentence about it."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, repr=False)
class Login:
    """Address, credentials, and whether to save them."""

    address: Address
    way: str
    name: str = ""
    path: str = ""
    """Path of a key file."""
    secrets: dict[str, str] = field(default_factory=dict)
    """By the names of `SECRETS`, unencrypted."""
    keep: bool = False
    remember: bool = False

    def __repr__(self) -> str:
        return f"Login({self.address.id})"

    @property
    def method(self) -> Method:
        return METHODS[self.way]

    @property
    def credentials(self) -> Credentials:
        path = self.path if self.way == "key_file" else None
        return Credentials(**self.secrets, private_key_path=path, use_agent=self.way == "agent")

    @property
    def lacks(self) -> tuple[str, str] | None:
        """The missing field and a sentence about it; None when a connection can be tried."""
        if self.way not in _NEEDED:
            return None
        needed, sentence = _NEEDED[self.way]
        there = self.path if needed == "private_key_path" else self.secrets.get(needed)
        return None if there else (needed, str(sentence))

    def public_values(self) -> LoginValues:
        """Return the values that a form may show again: no secrets."""
        return {
            "host": self.address.host,
            "port": self.address.port,
            "username": self.address.username,
            "name": self.name,
            "way": self.way,
            "private_key_path": self.path,
            "keep": self.keep,
            "remember": self.remember,
        }


def of_saved(profile: ConnectionProfile, credentials: Credentials) -> Login:
    way: str = profile.auth_method
    if way == "key":
        way = "key_text" if "private_key" in profile.sealed or not profile.private_key_path else "key_file"
    secrets = {name: getattr(credentials, name) for name in SECRETS}
    return Login(
        profile.address,
        way,
        profile.name,
        profile.private_key_path or "",
        {name: text for name, text in secrets.items() if text and name in _OF_A_WAY[way]},
        remember=profile.remember,
    )


class PortField(forms.IntegerField):
    """A TCP port in ASCII digits; empty is allowed."""

    def __init__(self, sentence: _StrOrPromise, minimum: int = 1) -> None:
        messages = dict.fromkeys(("invalid", "min_value", "max_value"), sentence)
        super().__init__(required=False, min_value=minimum, max_value=65535, error_messages=messages)

    def to_python(self, value: Any) -> int | None:
        """Convert the text, which `int` alone would accept with signs and other digits."""
        text = str(value or "").strip()
        if text and not (text.isascii() and text.isdecimal()):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


def _text(length: int, *, strip: bool = True) -> forms.CharField:
    field = forms.CharField(required=False, strip=strip)
    field.validators.append(MaxLengthValidator(length, _("Enter at most %(limit_value)d characters.")))
    return field


class LoginForm(forms.Form):
    """Host, user, and credentials. A missing secret is reported by `Login.lacks`."""

    host = _text(300)
    port = PortField(_("Enter a port from 1 to 65535."))
    username = _text(255)
    name = _text(200)
    way = forms.ChoiceField(
        choices=[(way, way) for way in WAYS],
        required=False,
        error_messages={"invalid_choice": _("Choose an authentication method.")},
    )
    password = _text(1024, strip=False)
    private_key = _text(65536, strip=False)
    private_key_path = _text(4096)
    passphrase = _text(1024, strip=False)
    keep = forms.BooleanField(required=False)
    remember = forms.BooleanField(required=False)

    def clean(self) -> None:
        fields = self.cleaned_data
        if not self.errors:
            port = fields["port"] or addresses.SSH_PORT
            try:
                fields["address"] = addresses.address(fields["host"], port, fields["username"])
            except InvalidAddress as error:
                self.add_error(error.field, sentence_of(str(error)))

    def login(self, before: Login | None = None) -> Login:
        """Return the login.

        Args:
            before: a login to the same address, whose secrets replace those that were left empty.
        """
        require_valid(self)
        fields = self.cleaned_data
        way, address = fields["way"] or "password", fields["address"]
        typed = {name: fields[name] for name in _OF_A_WAY[way]}
        if "private_key" in typed:
            typed["private_key"] = typed["private_key"].replace("\r\n", "\n")
        is_same = before is not None and before.address == address and before.method == METHODS[way]
        stored_secrets = before.secrets if before is not None and is_same else {}
        secrets = {name: text or stored_secrets.get(name, "") for name, text in typed.items()}
        return Login(
            address,
            way,
            fields["name"],
            fields["private_key_path"] if way == "key_file" else "",
            {name: text for name, text in secrets.items() if text},
            keep=fields["keep"],
            remember=fields["remember"],
        )


class StartForm(forms.Form):
    """A viewer to start: a remote environment, its storage root, and ports."""

    connection = forms.CharField(required=False)
    environment = forms.CharField(required=False, strip=False)
    root = forms.CharField(required=False)
    local_port = PortField(_("Enter a port from 1 to 65535, or leave it empty for any free port."), minimum=0)
    remote_port = PortField(
        _("Enter a port from 1 to 65535, or leave it empty for any free port."), minimum=0
    )


class MirrorForm(forms.Form):
    """A mirror to start: a remote environment and its storage root."""

    connection = forms.CharField(required=False)
    environment = forms.CharField(required=False, strip=False)
    root = forms.CharField(required=False)


def require_valid(form: forms.Form) -> None:
    """Raise the first error of a form."""
    for name, sentences in form.errors.items():
        raise InvalidField(name, str(sentences[0]))


def sentence_of(text: str) -> str:
    """Translate a sentence and strip the name of its field, beside which the form shows it."""
    text = translated(text)
    name, colon, rest = text.partition(": ")
    bare = rest if colon and name.isidentifier() else text
    return bare[:1].upper() + bare[1:]
