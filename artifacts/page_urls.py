"""The pages of this app; `artifacts.urls` lends them to the site."""

from __future__ import annotations

from django.urls import path

from artifacts import page_verbs, views

ARTIFACT = "artifacts/<str:type>/<str:name>"
VERSION = f"{ARTIFACT}/v<int:number>"

page_patterns = [
    path("artifacts", views.artifact_list, name="artifacts"),
    path(ARTIFACT, views.artifact_page, name="artifact"),
    path(f"{ARTIFACT}/compare", views.compare_page, name="artifact-compare"),
    path(f"{ARTIFACT}/alias", page_verbs.change_alias, name="artifact-alias"),
    path(VERSION, views.version_page, name="artifact-version"),
    path(f"{VERSION}/zip", views.version_archive, name="version-archive"),
    path(f"{VERSION}/files/<path:path>", views.version_file, name="version-file"),
    path(f"{VERSION}/pictures/<path:path>", views.version_picture, name="version-picture"),
    path(f"{VERSION}/describe", page_verbs.describe_version, name="describe-version"),
    path(f"{VERSION}/promote", page_verbs.promote_version, name="promote-version"),
    path(f"{VERSION}/delete", page_verbs.delete_version, name="delete-version"),
    path(f"{VERSION}/restore", page_verbs.restore_version, name="restore-version"),
    path(f"{VERSION}/verify", page_verbs.verify_version, name="verify-version"),
    path(f"{VERSION}/remove", page_verbs.remove_version, name="remove-version"),
]
