from __future__ import annotations

from django.db import models


class Lease(models.Model):
    """The server that does a part of the background work, until a time on the clock of the database."""

    name = models.CharField(max_length=100, primary_key=True)
    owner = models.CharField(max_length=64)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.owner}"
