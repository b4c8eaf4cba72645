"""URLs of the routes and pages about remote hosts."""

from __future__ import annotations

from typing import Any

from django.urls import path

from remote.api import connections, saved, viewers
from remote.pages.urls import page_patterns as pages

api_patterns = [
    path("remote/connect", connections.Connect.as_view(), name="api-remote-connect"),
    path("remote/sessions", connections.Connections.as_view(), name="api-remote-sessions"),
    path("remote/disconnect", connections.Disconnect.as_view(), name="api-remote-disconnect"),
    path("remote/known-hosts/accept", connections.AcceptHostKey.as_view(), name="api-known-hosts-accept"),
    path("remote/known-hosts/list", connections.KnownHosts.as_view(), name="api-known-hosts"),
    path("remote/known-hosts/remove", connections.RemoveHostKey.as_view(), name="api-known-hosts-remove"),
    path("remote/conda-envs", connections.Environments.as_view(), name="api-remote-environments"),
    path("remote/config", connections.RemoteConfig.as_view(), name="api-remote-config"),
    path("remote/fs/list", connections.RemoteFolder.as_view(), name="api-remote-folder"),
    path("remote/fs/exists", connections.RemotePath.as_view(), name="api-remote-path"),
    path("remote/connections/saved", saved.AllConnections.as_view(), name="api-saved-connections"),
    path("config/ssh_connections", saved.SavedConnections.as_view(), name="api-ssh-connections"),
    path("config/ssh_connections/<str:key>", saved.SavedConnection.as_view(), name="api-ssh-connection"),
    path(
        "config/ssh_connections/<str:key>/details",
        saved.SavedDetails.as_view(),
        name="api-ssh-connection-details",
    ),
    path("remote/viewer/start", viewers.StartViewer.as_view(), name="api-viewer-start"),
    path("remote/viewer/stop", viewers.StopViewer.as_view(), name="api-viewer-stop"),
    path("remote/viewer/sessions", viewers.ViewerSessions.as_view(), name="api-viewer-sessions"),
    path("remote/viewer/status/<str:session_id>", viewers.ViewerStatus.as_view(), name="api-viewer-status"),
    path("remote/status", viewers.RemoteStatus.as_view(), name="api-remote-status"),
    path("remote/wheel", viewers.CopyProgram.as_view(), name="api-remote-wheel"),
]
page_patterns = pages
v2_patterns: list[Any] = []
