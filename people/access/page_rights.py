"""Rights of the user of a request, for templates. No Django."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from people.access.actor import Actor, Role, Target
from people.access.routes import Rule
from runicorn_site.web.access import Scope, Subject

WRITE = Rule("", Scope.WRITE, Subject.PROJECT)
EDIT = Rule("", Scope.CURATE, Subject.RUNS)


class OwnedRun(Protocol):
    """A row of a run."""

    project: str
    owner: str | None


@dataclass(frozen=True)
class PageRights:
    """Rights of the actor, for templates; without one everything is allowed."""

    actor: Actor | None

    @property
    def admin(self) -> bool:
        """Whether they administer the viewer."""
        return self.actor is None or self.actor.role is Role.ADMIN

    @property
    def curate(self) -> bool:
        """Whether they may change what belongs to no run and no project."""
        return self.actor is None or self.actor.role.includes(Role.CURATE)

    @property
    def edit(self) -> bool:
        """Whether they may edit some runs."""
        return self.actor is None or self.actor.may_ever(EDIT)

    def edit_run(self, run: OwnedRun) -> bool:
        return self.actor is None or self.actor.may_change(EDIT, [Target(run.project, run.owner or "")])

    def write_project(self, project: str) -> bool:
        """Return whether they may write in the notebook and the reports of a project."""
        return self.actor is None or self.actor.may_change(WRITE, [Target(project)])

    def edit_project(self, project: str) -> bool:
        """Return whether they may change the boards and the description of a project."""
        return self.actor is None or self.actor.may_change_boards(project)
