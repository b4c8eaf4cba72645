"""The `CACHES` entry: the memory of this process, or the server of `RUNICORN_CACHE_URL`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TypedDict
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

SCHEMES = {"redis", "rediss", "unix"}


class CacheSettings(TypedDict, total=False):
    """An entry of Django's `CACHES`."""

    BACKEND: str
    LOCATION: str
    KEY_PREFIX: str
    OPTIONS: dict[str, int]


OF_THIS_PROCESS: dict[str, CacheSettings] = {
    # With the default of 300 entries used links and counters would be lost.
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
    "ratelimit": {
        "BACKEND": "runicorn_site.security.rates.counters.CounterCache",
        "LOCATION": "ratelimit",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    },
}


def caches(url: str, mark: str) -> dict[str, CacheSettings]:
    """Return `CACHES`.

    Args:
        url: `RUNICORN_CACHE_URL`.
        mark: the same for servers with the same secret key only, whose one-time links open each other.

    Raises:
        ImproperlyConfigured: `url` is not that of a Valkey or Redis server, or its client is not installed.
    """
    if not url:
        return OF_THIS_PROCESS
    if urlsplit(url).scheme not in SCHEMES:
        raise ImproperlyConfigured("RUNICORN_CACHE_URL must begin with redis://, rediss:// or unix://")
    if find_spec("redis") is None:
        raise ImproperlyConfigured("RUNICORN_CACHE_URL needs the extra valkey: pip install '.[valkey]'")
    return {
        name: {
            "BACKEND": "runicorn_site.cluster.cache.SharedCache",
            "LOCATION": url,
            "KEY_PREFIX": f"runicorn-{mark}-{name}",
        }
        for name in OF_THIS_PROCESS
    }
