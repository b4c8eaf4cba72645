"""`runicorn alerts`: rules, channels and events of alerts of a running viewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE
from runicorn_tools.cli.support.viewers import viewer_client

EVENT = ("id", "time", "kind", "run", "title", "what")
RULE = ("id", "name", "state", "when", "where", "channels", "last fired")
MOST_EVENTS = 1000
"""Maximum number of one response."""
CHANNEL = ("id", "name", "kind", "state", "last error")


class AlertsAction(StrEnum):
    """Action of the command."""

    LIST = "list"
    RULES = "rules"
    CHANNELS = "channels"
    EVENTS = "events"
    TEST = "test"
    ACK = "ack"


def alerts(
    action: Annotated[
        AlertsAction,
        typer.Argument(
            help="list: unacknowledged events; events: all; test: send a test message to channels;"
            " ack: acknowledge events."
        ),
    ] = AlertsAction.LIST,
    ids: Annotated[
        list[int] | None, typer.Argument(help="test: channels; ack: events, by default all.")
    ] = None,
    run_id: Annotated[str | None, typer.Option(help="list, events, ack: of one run.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_EVENTS, help="list, events: maximum number.")] = 100,
    url: Annotated[
        str, typer.Option(help="The viewer; default: RUNICORN_URL, then your newest one on this machine.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The viewer of this storage root.")] = None,
) -> None:
    """Show and acknowledge alerts of a running viewer, and test its channels.

    Examples:

      runicorn alerts

      runicorn alerts events --run-id 20260114_153045_a1b2c3

      runicorn alerts test 1

      runicorn alerts ack
    """
    from runicorn.api import RunicornAPIError

    try:
        with viewer_client(url, storage) as client:
            if action is AlertsAction.RULES:
                _print(client.alerts.rules(), as_json, RULE, _rule)
            elif action is AlertsAction.CHANNELS:
                _print(client.alerts.channels(), as_json, CHANNEL, _channel)
            elif action is AlertsAction.TEST:
                _test(client, ids or [], as_json)
            elif action is AlertsAction.ACK:
                count = client.alerts.acknowledge(ids) if ids else _acknowledge_all(client, run_id)
                typer.echo(f"{count} acknowledged")
            else:
                acknowledged = None if action is AlertsAction.EVENTS else False
                events = client.alerts.events(run_id, limit=limit, acknowledged=acknowledged)
                _print(events, as_json, EVENT, _event)
                if len(events) == limit:
                    common.print_notice(f"There may be more than these {limit} events: use --limit.")
    except RunicornAPIError as error:
        common.exit_with(str(error), FAILED)
    except ValueError as error:
        common.exit_with(str(error), USAGE)


def _acknowledge_all(client: Any, run_id: str | None) -> int:
    count = 0
    while events := client.alerts.events(run_id, limit=MOST_EVENTS, acknowledged=False):
        count += client.alerts.acknowledge([event["id"] for event in events])
        if len(events) < MOST_EVENTS:
            break
    return count


def _test(client: Any, ids: Sequence[int], as_json: bool) -> None:
    channels = client.alerts.channels()
    targets = [channel for channel in channels if not ids or channel["id"] in ids]
    if not targets:
        common.exit_with("There is no such channel.", NOT_AVAILABLE)
    results = [
        {"id": channel["id"], "name": channel["name"], **client.alerts.test_channel(channel["id"])}
        for channel in targets
    ]
    if as_json:
        common.print_json(results)
    for result in () if as_json else results:
        typer.echo(f"{result['id']}  {common.printable(result['name'])}: {result['detail'] or 'sent'}")
    if not all(result["ok"] for result in results):
        raise typer.Exit(FAILED)


def _print(
    items: Sequence[Any], as_json: bool, columns: Sequence[str], row: Callable[[Any], list[str]]
) -> None:
    if as_json:
        common.print_json(list(items))
    else:
        common.print_table(columns, [row(item) for item in items], {"id"})


def _event(event: Any) -> list[str]:
    kind = "back to normal" if event["kind"] == "recovered" else event["level"]
    return [
        str(event["id"]),
        common.format_time(event["at"]),
        kind,
        event["run_id"] or "",
        event["title"],
        event["sentence"],
    ]


def _rule(rule: Any) -> list[str]:
    when = " ".join(f"{name}={value}" for name, value in rule["when"].items() if name != "kind")
    return [
        str(rule["id"]),
        rule["name"],
        "on" if rule["enabled"] else "off",
        f"{rule['when']['kind']} {when}".strip(),
        rule["where"],
        ", ".join(map(str, rule["channels"])),
        common.format_time(rule["last_fired_at"] or 0),
    ]


def _channel(channel: Any) -> list[str]:
    return [
        str(channel["id"]),
        channel["name"],
        channel["kind"],
        "on" if channel["enabled"] else "off",
        channel["last_error"] or "",
    ]
