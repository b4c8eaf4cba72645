"""Switches for the access of a viewer to secrets and data of its user.

Each capability is on unless it is named in `runicorn viewer --disable`, in `RUNICORN_DISABLE`, or in the list
`disable` of the user's configuration.
"""

from __future__ import annotations

from collections.abc import Iterable

from runicorn.settings import user

CAPABILITIES = {
    "ssh-keys": "Log in to remote hosts with key files of this machine",
    "ssh-agent": "Log in to remote hosts with the keys of the SSH agent",
    "saved-passwords": "Log in to remote hosts with saved passwords, keys and passphrases",
    "root-change": "Switch the storage root",
    "import": "Import archives",
    "watch": "Watch folders of this machine",
    "permanent-deletion": "Delete runs and artifact versions permanently",
}
_from_options: set[str] = set()


class UnknownCapability(ValueError):
    """A name that is not in `CAPABILITIES`; the text lists those that are."""


class SwitchedOff(Exception):
    """A request for a capability that is switched off; the text says which switch."""


def checked(names: Iterable[str]) -> set[str]:
    """Return the names without empty ones.

    Raises:
        UnknownCapability: one is not in `CAPABILITIES`.
    """
    normalized = {name.strip().lower() for name in names if name.strip()}
    unknown = normalized - CAPABILITIES.keys()
    if unknown:
        raise UnknownCapability(
            f"Unknown capability to disable: {', '.join(sorted(unknown))}. Choose from {', '.join(CAPABILITIES)}"
        )
    return normalized


def disable(names: Iterable[str]) -> None:
    """Switch capabilities off for this process, and check the names in the other two places.

    Raises:
        UnknownCapability: a name is not in `CAPABILITIES`.
    """
    _from_options.update(checked(names))
    disabled()


def disabled() -> set[str]:
    """Return the names of the capabilities that are off.

    Raises:
        UnknownCapability: the environment or the configuration names another one.
    """
    configured = user.read_user_config().get("disable")
    configured_names = [str(name) for name in configured] if isinstance(configured, list) else []
    return _from_options | checked(user.get("RUNICORN_DISABLE").split(",")) | checked(configured_names)


def require(name: str) -> None:
    """Refuse to go on without a capability.

    Raises:
        SwitchedOff: it is switched off, or a switch cannot be understood.
    """
    try:
        is_off = name in disabled()
    except UnknownCapability as error:
        raise SwitchedOff(str(error)) from error
    if is_off:
        raise SwitchedOff(f"{CAPABILITIES[name]}: this is switched off on this viewer ({name})")
