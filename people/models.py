"""Roles, invitations and identities of users, tokens and shared links; users and groups are those of `django.contrib.auth`.

Times are Unix seconds as floats, as in all rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User
from django.db import models

from people.access.actor import Role
from runicorn_site.web.access import Scope

if TYPE_CHECKING:
    from runicorn.api.responses.shares import Kind


class Grant(models.Model):
    """A role of a user or of the members of a group, in one project or in all."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="grants")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="grants")
    project = models.CharField(max_length=255, default="")
    """Empty for all projects."""
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "project"], name="grant_once_per_user"),
            models.UniqueConstraint(fields=["group", "project"], name="grant_once_per_group"),
            models.CheckConstraint(
                condition=models.Q(user=None) ^ models.Q(group=None), name="grant_to_user_or_group"
            ),
        ]


class ProjectAccess(models.Model):
    """Access to a project; administrators and users with a role in it always have it."""

    project = models.CharField(max_length=255, unique=True)
    """Empty for all projects without a row."""
    is_open = models.BooleanField()
    """Whether all users may read it."""


class Invitation(models.Model):
    """A link with which a user sets a password, once."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="invitation")
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the secret in the link, which has 256 random bits."""
    created_at = models.FloatField()
    expires_at = models.FloatField()


class Identity(models.Model):
    """A user at an OpenID Connect provider, whose names may change while `subject` does not."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once")]


class ApiToken(models.Model):
    """An API token; only its digest is stored, which cannot be reversed: a token has 256 random bits."""

    name = models.CharField(max_length=100)
    owner = models.CharField(max_length=150)
    scope: models.CharField[Scope, Scope] = models.CharField(
        max_length=16, choices=[(scope.value, scope.value) for scope in Scope]
    )
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token, in hexadecimal."""
    created_at = models.FloatField()
    expires_at = models.FloatField(null=True, blank=True)
    """None for a token that does not expire."""
    account = models.BooleanField(default=False)
    """Whether the owner is an account of a viewer with users, whose rights limit the token; otherwise it is the user of
    the machine who added it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], condition=models.Q(account=True), name="token_once_per_account"
            ),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(account=False), name="token_once_per_name"
            ),
        ]

    def is_expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at


class Share(models.Model):
    """A link to something of one storage root; it has a signature, so that the rows alone give no access."""

    id = models.CharField(max_length=32, primary_key=True)
    kind: models.CharField[Kind, Kind] = models.CharField(max_length=16)
    target = models.TextField()
    """The id of a run (also of a report), ids separated by commas, or `project/board`."""
    root = models.CharField(max_length=4096)
    """Path of the storage root."""
    created_at = models.FloatField()
    expires_at = models.FloatField(null=True, blank=True)
    """None for a link that does not expire."""
    author = models.CharField(max_length=150, default="", blank=True)
    """Name of the user who created it, "" on a viewer without users."""
    account = models.IntegerField(null=True, blank=True)
    """Key of the author's account; the link shows what it may read, and ends with its right to share."""

    def is_expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    @property
    def run_ids(self) -> tuple[str, ...]:
        """The ids of the runs, none for a board."""
        return () if self.kind == "board" else tuple(self.target.split(","))

    @property
    def board(self) -> tuple[str, str]:
        """The project and the name of a board."""
        project, _, name = self.target.partition("/")
        return project, name

    def shows(self, project: str, run_id: str) -> bool:
        """Return whether a run is among those of the link."""
        return project == self.board[0] if self.kind == "board" else run_id in self.run_ids


class Change(models.Model):
    """A line of the record of changes; see `changes.py`."""

    at = models.FloatField(db_index=True)
    user = models.CharField(max_length=200, default="")
    token = models.CharField(max_length=100, default="")
    address = models.CharField(max_length=100, default="")
    method = models.CharField(max_length=20, default="")
    path = models.TextField(default="")
    status = models.IntegerField(null=True)
    about = models.CharField(max_length=150, default="")
    runs: models.JSONField[Any, Any] = models.JSONField(default=list)
    count = models.IntegerField(null=True)
    """How many further equal requests of a minute the line stands for; None for one request."""
    is_admin = models.BooleanField(default=False)
    """Whether an administrator sent it: lines of others cannot push it out."""

    class Meta:
        indexes = [models.Index(fields=["is_admin", "-id"], name="newest_changes")]
