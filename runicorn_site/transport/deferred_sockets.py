"""daphne's factory of WebSockets, imported when the first one is opened.

It loads autobahn with its protocols of other purposes, a tenth of the start and 15 MB, which a viewer that no page
is looking at never needs.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from runicorn_site.web.hidden_modules import without

MODULE = "daphne.ws_protocol"
TLS = "OpenSSL"
"""Twisted loads it where it is installed; this server speaks plain HTTP."""


class DeferredFactory:
    """Stand-in for `daphne.ws_protocol.WebSocketFactory`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._arguments, self._options = arguments, options
        self._protocol_options: dict[str, Any] = {}
        self._factory: Any = None

    def setProtocolOptions(self, **options: Any) -> None:
        self._protocol_options = options

    def buildProtocol(self, address: Any) -> Any:
        """Return the protocol of a new connection."""
        if self._factory is None:
            with without(TLS):
                sys.modules.pop(MODULE, None)
                module = importlib.import_module(MODULE)
            self._factory = module.WebSocketFactory(*self._arguments, **self._options)
            self._factory.setProtocolOptions(**self._protocol_options)
        return self._factory.buildProtocol(address)


def install() -> None:
    """Let `daphne.server` import the stand-in; call it before."""
    if MODULE not in sys.modules:
        stand_in = ModuleType(MODULE)
        stand_in.WebSocketFactory = DeferredFactory  # type: ignore[attr-defined]
        sys.modules[MODULE] = stand_in
