"""`runicorn viewer`."""

from __future__ import annotations

import gc
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runicorn.settings.capabilities import CAPABILITIES, UnknownCapability
from runicorn_site.cli.support.server import use_server
from runicorn_site.web.hidden_modules import defer
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, PERMISSION, USAGE

if TYPE_CHECKING:
    from runicorn_site.server.options import Options


class Level(StrEnum):
    """Log level of the server."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


BasePath = Annotated[
    str, typer.Option(help="Serve below this path, such as /runicorn, for a reverse proxy with a sub-path.")
]
TrustedProxies = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CIDR",
        help="Address or network of a reverse proxy whose X-Forwarded-* headers count. Can be repeated.",
    ),
]
Token = Annotated[
    str,
    typer.Option(help="`auto`, `new` (a different one), or the file of the access token to require."),
]
Users = Annotated[
    bool,
    typer.Option(
        "--users",
        help="Let users sign in; see `runicorn user`. The default where others can reach the address, without --token.",
    ),
]
AuthHeader = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="Header in which --trusted-proxy sends the name of the signed-in user."
    ),
]
ArtifactPool = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Bucket for the contents of uploaded artifacts, as s3://bucket/prefix. Needs the extra s3.",
    ),
]
PresignedDownloads = Annotated[
    bool,
    typer.Option(
        "--presigned-downloads", help="Let clients download files from that bucket, which they must reach."
    ),
]
Disable = Annotated[
    list[str] | None,
    typer.Option(help=f"A capability to disable: {', '.join(CAPABILITIES)}. Can be repeated."),
]


def viewer(
    storage: Annotated[Path | None, typer.Option(help="The storage root to serve; made if missing.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any free one.")] = 23300,
    socket: Annotated[
        Path | None,
        typer.Option(help="A Unix socket (mode 0600, for you only) to listen on instead of an address."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = False,
    log_level: Annotated[Level, typer.Option(case_sensitive=False, help="Log level.")] = Level.INFO,
    token: Token = "",
    no_token: Annotated[
        bool, typer.Option("--no-token", help="Require no token, even if other people use this machine.")
    ] = False,
    users: Users = False,
    auth_header: AuthHeader = "",
    allowed_host: Annotated[list[str] | None, typer.Option(help="An additional host name to accept.")] = None,
    base_path: BasePath = "",
    trusted_proxy: TrustedProxies = None,
    artifact_pool: ArtifactPool = "",
    presigned_downloads: PresignedDownloads = False,
    disable: Disable = None,
    reload: Annotated[bool, typer.Option(help="Restart when the server's code changes.")] = False,
    remote_mode: Annotated[
        bool,
        typer.Option("--remote-mode", help="Serve another machine, which starts this viewer over SSH."),
    ] = False,
) -> None:
    """Serve the dashboard and the API of a storage root until Ctrl-C.

    Examples:

      runicorn viewer --storage ./experiments

      runicorn viewer --host 0.0.0.0 --users

      runicorn viewer --socket ~/runicorn.sock

      runicorn viewer --base-path /runicorn --trusted-proxy 127.0.0.1 --token auto
    """
    start(
        remote_mode,
        host=host,
        port=port,
        storage=storage,
        open_browser=open_browser,
        log_level=log_level.value,
        token=token,
        no_token=no_token,
        users=users,
        auth_header=auth_header,
        allowed_hosts=tuple(allowed_host or ()),
        reload=reload,
        socket=socket,
        base_path=base_path,
        trusted_proxies=tuple(trusted_proxy or ()),
        artifact_pool=artifact_pool,
        presigned_downloads=presigned_downloads,
        disable=tuple(disable or ()),
    )


def start(remote_mode: bool, **fields: Any) -> None:
    """Serve with the given `Options`, and exit with the code of an error."""
    # What is imported from here on stays: looking for garbage among it takes a tenth of the start.
    gc.disable()
    defer("sqlparse")  # Django imports it for scripts of SQL
    use_server()
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from people.options import BadOption
    from runicorn.artifacts.errors import BadPool
    from runicorn_site.database.state_dir import UnsafeDirectory
    from runicorn_site.security.accounts import BadSetting
    from runicorn_site.security.forwarding import BadForwarding
    from runicorn_site.security.listening import CannotListen
    from runicorn_site.security.token_source import BadToken
    from runicorn_site.server.options import Options
    from runicorn_site.server.serve import MissingRoot, serve

    options = Options(**fields)
    if options.storage is not None and not remote_mode:
        with suppress(OSError):  # reported as missing below
            options.storage.expanduser().mkdir(exist_ok=True)
    try:
        if remote_mode:
            serve_for_another_host(options)
        else:
            serve(options)
    except (
        BadForwarding,
        BadOption,
        BadPool,
        BadSetting,
        BadToken,
        ImproperlyConfigured,
        UnknownCapability,
    ) as error:
        common.exit_with(str(error), USAGE)
    except (PermissionError, UnsafeDirectory) as error:
        common.exit_with(str(error), PERMISSION)
    except (CannotListen, MissingRoot) as error:
        common.exit_with(str(error), NOT_AVAILABLE)
    except (OSError, DatabaseError) as error:
        common.exit_with(str(error), FAILED)


def serve_for_another_host(options: Options) -> None:
    """Serve the viewer that started this one over SSH."""
    from runicorn_site.server.launch_request import NoLaunchRequest, read_launch_request
    from runicorn_site.server.remote_mode import serve_remote

    try:
        wishes, request = read_launch_request(options)
    except NoLaunchRequest as error:
        common.exit_with(str(error), USAGE)
    serve_remote(wishes, request)
