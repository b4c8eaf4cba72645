"""Alert rules, channels and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from runicorn.api import urls
from runicorn.api.transport import Transport

if TYPE_CHECKING:
    from runicorn.api.responses import alerts as responses

TEST_SECONDS = 60.0
"""A test message is sent before the response."""


class AlertsAPI:
    """Alerts of the server, as `client.alerts`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def channels(self) -> list[responses.AlertChannel]:
        """Return the channels; their addresses are never returned."""
        return cast("list[responses.AlertChannel]", self._get("channels"))

    def create_channel(
        self, name: str, url: str, *, secret: str | None = None, enabled: bool = True
    ) -> responses.AlertChannel:
        """Create a channel.

        Args:
            name: its name.
            url: `https://…` for a signed webhook, or an address of apprise.
            secret: key of the webhook's signature.
            enabled: whether messages are sent to it.

        Raises:
            BadRequestError: the address is invalid.
        """
        body = {"name": name, "url": url, "secret": secret, "enabled": enabled}
        return cast("responses.AlertChannel", self._send("POST", "channels", body=body))

    def update_channel(self, channel_id: int, **fields: Any) -> responses.AlertChannel:
        """Change `name`, `url`, `secret` or `enabled` of a channel.

        Raises:
            NotFoundError: there is no such channel.
            BadRequestError: a field is invalid.
        """
        return cast("responses.AlertChannel", self._send("PATCH", "channels", channel_id, body=fields))

    def delete_channel(self, channel_id: int) -> None:
        """Delete a channel.

        Raises:
            NotFoundError: there is no such channel.
        """
        self._send("DELETE", "channels", channel_id)

    def test_channel(self, channel_id: int) -> responses.AlertChannelTest:
        """Send a test message: `{"ok", "detail"}`.

        Raises:
            NotFoundError: there is no such channel.
        """
        result = self._send("POST", "channels", channel_id, "test", timeout=TEST_SECONDS)
        return cast("responses.AlertChannelTest", result)

    def rules(self) -> list[responses.AlertRule]:
        """Return the rules."""
        return cast("list[responses.AlertRule]", self._get("rules"))

    def create_rule(
        self,
        name: str,
        when: Mapping[str, Any],
        *,
        where: str = "",
        channels: Sequence[int] = (),
        enabled: bool = True,
    ) -> responses.AlertRule:
        """Create a rule.

        Args:
            name: its name.
            when: the condition: `{"kind": "state", "states": ["failed"]}`, `{"kind": "threshold", "metric": "loss",
                "op": ">", "value": 10}`, …
            where: condition that chooses runs.
            channels: ids of the channels to which messages are sent.
            enabled: whether the rule judges.

        Raises:
            BadRequestError: a field is invalid.
        """
        body = {
            "name": name,
            "when": dict(when),
            "where": where,
            "channels": list(channels),
            "enabled": enabled,
        }
        return cast("responses.AlertRule", self._send("POST", "rules", body=body))

    def update_rule(self, rule_id: int, **fields: Any) -> responses.AlertRule:
        """Change `name`, `when`, `where`, `channels` or `enabled` of a rule.

        Raises:
            NotFoundError: there is no such rule.
            BadRequestError: a field is invalid.
        """
        return cast("responses.AlertRule", self._send("PATCH", "rules", rule_id, body=fields))

    def delete_rule(self, rule_id: int) -> None:
        """Delete a rule; its events are kept.

        Raises:
            NotFoundError: there is no such rule.
        """
        self._send("DELETE", "rules", rule_id)

    def preview(self, when: Mapping[str, Any], *, where: str = "") -> responses.AlertPreview:
        """Return the alerts that a rule would have raised on past runs.

        Raises:
            BadRequestError: a field is invalid.
        """
        result = self._send("POST", "rules", "preview", body={"when": dict(when), "where": where})
        return cast("responses.AlertPreview", result)

    def events(
        self,
        run_id: str | None = None,
        rule_id: int | None = None,
        since: float | None = None,
        limit: int = 100,
        *,
        acknowledged: bool | None = None,
    ) -> list[responses.AlertEvent]:
        """Return the alerts that fired and recovered, newest first.

        Args:
            run_id: events of one run.
            rule_id: events of one rule.
            since: events at or after this time, in Unix seconds.
            limit: maximum number, up to 1,000.
            acknowledged: only events that are, or are not, acknowledged.
        """
        filters = {"run_id": run_id, "rule_id": rule_id, "since": since, "acknowledged": acknowledged}
        params = urls.query({**filters, "limit": limit})
        answer = self._transport.json("GET", urls.path("v2", "alerts", "events"), params=params)
        return cast("list[responses.AlertEvent]", answer["events"])

    def acknowledge(self, ids: Sequence[int]) -> int:
        """Mark events as seen; return how many were not."""
        return int(self._send("POST", "events", "acknowledge", body={"ids": list(ids)})["acknowledged"])

    def _get(self, *parts: str) -> Any:
        return self._transport.json("GET", urls.path("v2", "alerts", *parts))

    def _send(self, method: str, *parts: str | int, body: Any = None, timeout: float | None = None) -> Any:
        path = urls.path("v2", "alerts", *parts)
        return self._transport.json(method, path, body=body, timeout=timeout)
