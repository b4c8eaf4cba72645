"""URLs of the pages of this app, included by `artifacts.urls`."""

from __future__ import annotations

from django.urls import path

from artifacts.pages import actions, artifact, compare, listing, version, views

ARTIFACT = "artifacts/<str:type>/<str:name>"
VERSION = f"{ARTIFACT}/v<int:number>"

page_patterns = [
    path("artifacts", listing.artifact_list, name="artifacts"),
    path(ARTIFACT, artifact.artifact_page, name="artifact"),
    path(f"{ARTIFACT}/compare", compare.compare_page, name="artifact-compare"),
    path(f"{ARTIFACT}/alias", actions.change_alias, name="artifact-alias"),
    path(VERSION, version.version_page, name="artifact-version"),
    path(f"{VERSION}/zip", views.version_archive, name="version-archive"),
    path(f"{VERSION}/files/<path:path>", views.version_file, name="version-file"),
    path(f"{VERSION}/pictures/<path:path>", views.version_picture, name="version-picture"),
    path(f"{VERSION}/describe", actions.describe_version, name="describe-version"),
    path(f"{VERSION}/promote", actions.promote_version, name="promote-version"),
    path(f"{VERSION}/delete", actions.delete_version, name="delete-version"),
    path(f"{VERSION}/restore", actions.restore_version, name="restore-version"),
    path(f"{VERSION}/verify", actions.verify_version, name="verify-version"),
    path(f"{VERSION}/remove", actions.remove_version, name="remove-version"),
]
