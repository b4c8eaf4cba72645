"""The pages of this app; `remote.urls` lends them to the site."""

from __future__ import annotations

from django.urls import path

from remote import page_verbs, views

page_patterns = [
    path("remote", views.remote_page, name="remote"),
    path("remote/host", page_verbs.host_page, name="remote-host"),
    path("remote/host/connect", page_verbs.connect_saved, name="remote-connect-saved"),
    path("remote/host/forget", page_verbs.forget_host, name="remote-forget-host"),
    path("remote/key/<str:handle>", page_verbs.key_page, name="remote-key"),
    path("remote/machine", views.machine_page, name="remote-machine"),
    path("remote/machine/disconnect", page_verbs.disconnect, name="remote-disconnect"),
    path("remote/machine/copy", page_verbs.copy_program, name="remote-copy"),
    path("remote/folders", views.folders_page, name="remote-folders"),
    path("remote/start", views.start_page, name="remote-start"),
    path("remote/viewers", page_verbs.start_viewer, name="remote-start-viewer"),
    path("remote/viewers/<str:session_id>", views.viewer_page, name="remote-viewer"),
    path("remote/viewers/<str:session_id>/open", views.open_viewer, name="remote-open-viewer"),
    path("remote/viewers/<str:session_id>/stop", page_verbs.stop_viewer, name="remote-stop-viewer"),
]
