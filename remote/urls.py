"""URLs of the routes and pages about remote hosts."""

from __future__ import annotations

from typing import Any

from django.urls import path

from remote.api import connections, saved_connections, viewers
from remote.pages.urls import page_patterns as pages

api_patterns = [
    path("remote/connect", connections.connect, name="api-remote-connect"),
    path("remote/sessions", connections.connections_view, name="api-remote-sessions"),
    path("remote/disconnect", connections.disconnect, name="api-remote-disconnect"),
    path("remote/known-hosts/accept", connections.accept_host_key, name="api-known-hosts-accept"),
    path("remote/known-hosts/list", connections.known_hosts, name="api-known-hosts"),
    path("remote/known-hosts/remove", connections.remove_host_key, name="api-known-hosts-remove"),
    path("remote/conda-envs", connections.environments, name="api-remote-environments"),
    path("remote/config", connections.remote_config, name="api-remote-config"),
    path("remote/fs/list", connections.remote_folder, name="api-remote-folder"),
    path("remote/fs/exists", connections.remote_path, name="api-remote-path"),
    path(
        "remote/connections/saved", saved_connections.AllConnections.as_view(), name="api-saved-connections"
    ),
    path("config/ssh_connections", saved_connections.SavedConnections.as_view(), name="api-ssh-connections"),
    path("config/ssh_connections/<str:key>", saved_connections.saved_connection, name="api-ssh-connection"),
    path(
        "config/ssh_connections/<str:key>/details",
        saved_connections.saved_details,
        name="api-ssh-connection-details",
    ),
    path("remote/viewer/start", viewers.start_viewer, name="api-viewer-start"),
    path("remote/viewer/stop", viewers.stop_viewer, name="api-viewer-stop"),
    path("remote/viewer/sessions", viewers.viewer_sessions, name="api-viewer-sessions"),
    path("remote/viewer/status/<str:session_id>", viewers.viewer_status, name="api-viewer-status"),
    path("remote/status", viewers.remote_status, name="api-remote-status"),
    path("remote/wheel", viewers.copy_program, name="api-remote-wheel"),
]
page_patterns = pages
v2_patterns: list[Any] = []
