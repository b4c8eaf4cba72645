"""Roles, invitations and identities of users; users and groups are those of `django.contrib.auth`.

Times are Unix seconds as floats, as in all rows.
"""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.db import models

from people.access.actor import Role


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
