from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from runicorn_site.security.accounts import BadSetting
from runicorn_site.security.forwarding import BadForwarding
from runicorn_site.security.listening import CannotListen
from runicorn_site.security.token_source import BadToken
from runicorn_site.server.options import Options
from runicorn_site.server.serve import MissingRoot, serve


class Command(BaseCommand):
    """`manage.py runserver [[host:]port]`: the same server as `runicorn viewer`."""

    help = "Serves the application as `runicorn viewer` does, and migrates the database first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the command line."""
        parser.add_argument("addrport", nargs="?", default="127.0.0.1:23300", help="[host:]port")
        parser.add_argument("--storage", type=Path, default=None, help="the storage root to show")
        parser.add_argument(
            "--token", default="", help="`auto`, `new`, or the file of the access token to require"
        )
        parser.add_argument("--no-token", action="store_true", help="ask for no token")
        parser.add_argument("--allowed-host", action="append", default=[], help="a further name to answer to")
        parser.add_argument("--base-path", default="", help="a path with which all addresses begin")
        parser.add_argument(
            "--trusted-proxy", action="append", default=[], help="a proxy whose X-Forwarded-* headers count"
        )
        parser.add_argument("--reload", action="store_true", help="restart when the code changes")
        parser.add_argument("--noreload", action="store_false", dest="reload", help="do not (the default)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until the process is asked to end."""
        host, _, port = options["addrport"].rpartition(":")
        if not port.isdecimal() or int(port) > 65535:
            raise CommandError(f"{options['addrport']} is no [host:]port", returncode=2)
        try:
            serve(
                Options(
                    host=host or "127.0.0.1",
                    port=int(port),
                    storage=options["storage"],
                    token=options["token"],
                    no_token=options["no_token"],
                    allowed_hosts=tuple(options["allowed_host"]),
                    base_path=options["base_path"],
                    trusted_proxies=tuple(options["trusted_proxy"]),
                    reload=options["reload"],
                )
            )
        except (BadForwarding, BadSetting, BadToken) as error:
            raise CommandError(str(error), returncode=2) from error
        except (CannotListen, MissingRoot) as error:
            raise CommandError(str(error), returncode=4) from error
