"""URLs of the pages of this app, included by `remote.urls`."""

from __future__ import annotations

from django.urls import path

from remote.pages import actions, views

page_patterns = [
    path("remote", views.remote_page, name="remote"),
    path("remote/host", actions.host_page, name="remote-host"),
    path("remote/host/connect", actions.connect_saved, name="remote-connect-saved"),
    path("remote/host/forget", actions.forget_host, name="remote-forget-host"),
    path("remote/key/<str:handle>", actions.key_page, name="remote-key"),
    path("remote/machine", views.machine_page, name="remote-machine"),
    path("remote/machine/disconnect", actions.disconnect, name="remote-disconnect"),
    path("remote/machine/copy", actions.copy_program, name="remote-copy"),
    path("remote/folders", views.folders_page, name="remote-folders"),
    path("remote/start", views.start_page, name="remote-start"),
    path("remote/viewers", actions.start_viewer, name="remote-start-viewer"),
    path("remote/viewers/<str:session_id>", views.viewer_page, name="remote-viewer"),
    path("remote/viewers/<str:session_id>/open", views.open_viewer, name="remote-open-viewer"),
    path("remote/viewers/<str:session_id>/stop", actions.stop_viewer, name="remote-stop-viewer"),
]
