"""The addresses of other machines, for the site to put under its prefixes."""

from __future__ import annotations

from typing import Any

from django.urls import path

from remote import api, saved_api, viewer_api
from remote.page_urls import page_patterns as pages

api_patterns = [
    path("remote/connect", api.Connect.as_view(), name="api-remote-connect"),
    path("remote/sessions", api.Connections.as_view(), name="api-remote-sessions"),
    path("remote/disconnect", api.Disconnect.as_view(), name="api-remote-disconnect"),
    path("remote/known-hosts/accept", api.AcceptHostKey.as_view(), name="api-known-hosts-accept"),
    path("remote/known-hosts/list", api.KnownHosts.as_view(), name="api-known-hosts"),
    path("remote/known-hosts/remove", api.RemoveHostKey.as_view(), name="api-known-hosts-remove"),
    path("remote/conda-envs", api.Environments.as_view(), name="api-remote-environments"),
    path("remote/config", api.RemoteConfig.as_view(), name="api-remote-config"),
    path("remote/fs/list", api.RemoteFolder.as_view(), name="api-remote-folder"),
    path("remote/fs/exists", api.RemotePath.as_view(), name="api-remote-path"),
    path("remote/connections/saved", saved_api.AllConnections.as_view(), name="api-saved-connections"),
    path("config/ssh_connections", saved_api.SavedConnections.as_view(), name="api-ssh-connections"),
    path("config/ssh_connections/<str:key>", saved_api.SavedConnection.as_view(), name="api-ssh-connection"),
    path(
        "config/ssh_connections/<str:key>/details",
        saved_api.SavedDetails.as_view(),
        name="api-ssh-connection-details",
    ),
    path("remote/viewer/start", viewer_api.StartViewer.as_view(), name="api-viewer-start"),
    path("remote/viewer/stop", viewer_api.StopViewer.as_view(), name="api-viewer-stop"),
    path("remote/viewer/sessions", viewer_api.ViewerSessions.as_view(), name="api-viewer-sessions"),
    path(
        "remote/viewer/status/<str:session_id>", viewer_api.ViewerStatus.as_view(), name="api-viewer-status"
    ),
    path("remote/status", viewer_api.RemoteStatus.as_view(), name="api-remote-status"),
    path("remote/wheel", viewer_api.CopyProgram.as_view(), name="api-remote-wheel"),
]
page_patterns = pages
v2_patterns: list[Any] = []
