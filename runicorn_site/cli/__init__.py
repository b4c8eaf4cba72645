"""Commands of the server and its data, and commands that read a store with the server's modules."""

from __future__ import annotations

COMMANDS = {
    "alerts": "runicorn_site.cli.alerts:alerts",
    "backup": "runicorn_site.cli.backup:backup",
    "compare": "runicorn_site.cli.runs.show:compare",
    "demo": "runicorn_site.cli.demo:demo",
    "diff": "runicorn_site.cli.runs.diff:diff",
    "doctor": "runicorn_site.cli.doctor.command:doctor",
    "export": "runicorn_site.cli.export:export",
    "export-data": "runicorn_site.cli.export_data:export_data",
    "get": "runicorn_site.cli.runs.files:get",
    "ls": "runicorn_site.cli.runs.ls:ls",
    "manage": "runicorn_site.cli.manage:manage",
    "mcp": "runicorn_site.cli.mcp:mcp",
    "move-artifacts": "runicorn_site.cli.move_artifacts:move_artifacts",
    "move-database": "runicorn_site.cli.move_database:move_database",
    "nearest": "runicorn_site.cli.runs.diff:near",
    "note": "runicorn_site.cli.runs.curate:note",
    "open": "runicorn_site.cli.open:open_viewer",
    "plot": "runicorn_site.cli.runs.plot:plot",
    "rate-limit": "runicorn_site.cli.rate_limit:rate_limit",
    "restore": "runicorn_site.cli.backup:restore",
    "rm": "runicorn_site.cli.runs.curate:rm",
    "share": "runicorn_site.cli.share:share",
    "show": "runicorn_site.cli.runs.show:show",
    "sql": "runicorn_site.cli.runs.sql:sql",
    "sync": "runicorn_site.cli.sync:sync",
    "tag": "runicorn_site.cli.runs.curate:tag",
    "tail": "runicorn_site.cli.runs.files:tail",
    "token": "runicorn_site.cli.token:token",
    "user": "runicorn_site.cli.user:user",
    "version": "runicorn_site.cli.version:version",
    "viewer": "runicorn_site.cli.viewer:viewer",
    "wait": "runicorn_site.cli.runs.wait:wait",
}
"""Name and function of each command (entry point `runicorn.commands`)."""
