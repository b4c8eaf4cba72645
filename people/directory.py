"""Users in memory, from which the guard identifies the sender of a request.

Users and open sessions are refreshed after a second: changes of users, roles and sessions take effect within a second,
and most requests need no query.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from itertools import chain

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import Error, close_old_connections
from django.utils import timezone

from people import changes, services
from people.access.actor import ANONYMOUS, ROLES, Actor, Role
from people.access.routes import rule_of
from people.models import Grant, ProjectAccess
from people.token_verification import INVALID, UNAVAILABLE, ApiTokens, shown_token
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import Head
from runicorn_site.security.sign_in import sign_in_needed
from runicorn_site.web.access import Scope
from runicorn_site.web.readable import EVERYTHING, Readable

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0
WAIT_SECONDS = 5.0
MOST_SESSIONS = 20_000
UNREADABLE = "The accounts cannot be read."


@dataclass(frozen=True, slots=True)
class Person:
    """A user who may sign in."""

    key: int
    name: str
    role: Role
    projects: dict[str, Role]
    session_hash: str
    """Changes with the password, which ends the user's sessions."""
    readable: Readable

    def actor(self, token: str = "", scope: Scope | None = None) -> Actor:
        """Return the actor of the user's requests, with an API token or without."""
        return Actor(self.name, self.role, self.projects, token, scope, self.key, self.readable)


class Directory:
    """Implementation of `guard.People`."""

    def __init__(self) -> None:
        self.api_tokens = ApiTokens()
        self.thread = ThreadPoolExecutor(2, thread_name_prefix="accounts")
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._is_refreshing = False
        self._people: dict[int, Person] = {}
        self._names: dict[str, Person] = {}
        self._strangers = EVERYTHING
        """What tokens without an account may read."""
        self._sessions: OrderedDict[str, tuple[int, str]] = OrderedDict()
        """User and session hash of each session that a request has shown."""

    async def identify(self, head: Head, address: str) -> Actor | Refusal:
        """Return who sent a request; reads rows on another thread, and only if it has to."""
        if self._is_known(head):
            return self._identify(head)
        return await asyncio.get_running_loop().run_in_executor(self.thread, self._look_up, head, address)

    def identify_early(self, head: Head, address: str) -> Actor | Refusal:
        """Return the sender of a request whose body has not arrived; the last state read is enough to let it in."""
        if self._is_known(head, is_fresh=self._people != {}):
            actor = self._identify(head)
            if self._is_fresh() or (isinstance(actor, Actor) and actor.refusal(head) is None):
                return actor
        try:
            return self.thread.submit(self._look_up, head, address).result(WAIT_SECONDS)
        except TimeoutError:
            return UNAVAILABLE

    def socket_check(self, head: Head, actor: Actor) -> Callable[[], bool]:
        """Return whether the actor of an open socket may still read; changes take effect with the next message."""

        def is_valid() -> bool:
            is_fresh = self._is_fresh() and self.api_tokens.is_known(head)
            if not is_fresh and not self._is_refreshing:
                self._is_refreshing = True
                self.thread.submit(self._look_up, head)
            current_actor = self._identify(head)
            return (
                isinstance(current_actor, Actor)
                and (current_actor.name, current_actor.readable) == (actor.name, actor.readable)
                and current_actor.refusal(head) is None
            )

        return is_valid

    def readable_by(self, account: int | None, name: str) -> Readable | None:
        """Return the projects readable by links of an account, or of a token without one; None if it may not share.

        Raises:
            django.db.Error: the accounts cannot be read.
        """
        if not self._is_fresh():
            close_old_connections()
            self.refresh()
        if account is None:
            return self._strangers
        person = self._people.get(account)
        may_share = person is not None and person.name == name and person.actor().may_curate
        return person.readable if person is not None and may_share else None

    def problem(self) -> str:
        """Return why requests cannot be identified, as a sentence, or ""; reads the accounts as requests do."""
        return self.thread.submit(self._problem).result()

    def _problem(self) -> str:
        try:
            close_old_connections()
            self.refresh()
        except Error as error:
            logger.error("The accounts cannot be read: %s", error)
            return UNREADABLE
        return ""

    def record_refusal(self, head: Head, address: str, actor: Actor, status: int) -> None:
        """Record a request that was refused before its body arrived."""
        if (change := changes.change_of(head, address)) is not None:
            changes.record(change, actor, status)

    def refresh(self) -> None:
        """Read the users, and which of the known sessions have not ended.

        Raises:
            django.db.Error: they cannot be read.
        """
        with self._lock:
            access = dict(ProjectAccess.objects.values_list("project", "is_open"))
            people = read_people(access)
            session_keys = list(self._sessions)
            sessions = Session.objects.filter(expire_date__gt=timezone.now())
            valid: set[str] = set()
            for start in range(0, len(session_keys), 500):
                part = sessions.filter(session_key__in=session_keys[start : start + 500])
                valid |= set(part.values_list("session_key", flat=True))
            self._people = {person.key: person for person in people}
            self._names = {person.name: person for person in people}
            self._strangers = readable_of(access, Role.READ, ())
            for key in set(session_keys) - valid:
                self._sessions.pop(key, None)
            self._read_at = time.monotonic()

    def _is_fresh(self) -> bool:
        return time.monotonic() < self._read_at + REFRESH_SECONDS

    def _is_known(self, head: Head, is_fresh: bool = False) -> bool:
        rule = rule_of(head.method, head.path)
        if rule is not None and rule.scope is None:
            return True
        if not (is_fresh or self._is_fresh()) or not self.api_tokens.is_known(head):
            return False
        if head.user:
            return head.user in self._names
        key = session_key(head)
        return not key or key in self._sessions

    def _look_up(self, head: Head, address: str = "") -> Actor | Refusal:
        try:
            # These threads last, and nothing else drops their broken connections.
            close_old_connections()
            if not self._is_fresh():
                self.refresh()
            if not self.api_tokens.is_known(head):
                self.api_tokens.refresh()
            if head.user and head.user not in self._names and services.sign_up(head.user) is not None:
                changes.record_sign_up(head.user, address)
                self.refresh()
            key = "" if head.user else session_key(head)
            if key and key not in self._sessions:
                self._load(key)
                if key in self._sessions and self._of_session(key) is None:
                    self.refresh()  # signed in with a password that was changed within a second
        except Error as error:
            logger.error("The accounts cannot be read: %s", error)
            return UNAVAILABLE
        finally:
            self._is_refreshing = False
        return self._identify(head)

    def _load(self, key: str) -> None:
        data = SessionStore(key).load()
        user, digest = str(data.get(SESSION_KEY, "")), str(data.get(HASH_SESSION_KEY, ""))
        if user.isdecimal() and digest:
            with self._lock:
                self._sessions[key] = int(user), digest
                while len(self._sessions) > MOST_SESSIONS:
                    self._sessions.popitem(last=False)

    def _identify(self, head: Head) -> Actor | Refusal:
        rule = rule_of(head.method, head.path)
        if rule is not None and rule.scope is None:
            return ANONYMOUS
        if shown_token(head) is not None:
            return self._of_token(head)
        person = self._names.get(head.user) if head.user else self._of_session(session_key(head))
        if person is not None:
            return person.actor()
        return sign_in_needed(head)

    def _of_session(self, key: str) -> Person | None:
        user, digest = self._sessions.get(key, (0, ""))
        person = self._people.get(user)
        return person if person is not None and person.session_hash == digest else None

    def _of_token(self, head: Head) -> Actor | Refusal:
        actor = self.api_tokens.actor(head)
        token = self.api_tokens.find(shown_token(head) or "")
        if token is None or not isinstance(actor, Actor):
            return INVALID
        if not token.account:
            readable = actor.readable if actor.role is Role.ADMIN else self._strangers
            # Its name is that of a user of the machine, not of an account here.
            return replace(actor, name="", readable=readable)
        person = self._names.get(token.owner)
        if person is None:
            return INVALID
        return person.actor(token.name, token.scope)


def session_key(head: Head) -> str:
    """Return the key of the session that a request shows, or ""."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(head.header("cookie") or "")
    except CookieError:
        return ""
    name = settings.SESSION_COOKIE_NAME
    key = jar[name].value if name in jar else ""
    return key if len(key) <= 40 and key.isalnum() else ""


def read_people(access: Mapping[str, bool]) -> list[Person]:
    """Return the active users with their roles: the highest of their own and of their groups."""
    own: defaultdict[int | None, list[Grant]] = defaultdict(list)
    shared: defaultdict[int | None, list[Grant]] = defaultdict(list)
    for grant in Grant.objects.all():
        (own[grant.user_id] if grant.user_id else shared[grant.group_id]).append(grant)
    people = []
    for user in User.objects.filter(is_active=True).prefetch_related("groups"):
        of_groups = chain.from_iterable(shared[group.pk] for group in user.groups.all())
        grants: list[Grant] = [*own[user.pk], *of_groups]
        roles = roles_of(grants)
        role = roles.pop("", Role.READ)
        readable = readable_of(access, role, roles)
        people.append(Person(user.pk, user.username, role, roles, user.get_session_auth_hash(), readable))
    return people


def readable_of(access: Mapping[str, bool], role: Role, granted: Iterable[str]) -> Readable:
    """Return the projects that a user may read.

    Args:
        access: whether all users may read a project, by its name; "" stands for all others.
        role: of the user in all projects.
        granted: projects in which the user has a role.
    """
    if role is Role.ADMIN:
        return EVERYTHING
    are_open = access.get("", True)
    different = frozenset(name for name, is_open in access.items() if name and is_open != are_open)
    return Readable(different - set(granted)) if are_open else Readable(different | set(granted), True)


def roles_of(grants: Iterable[Grant]) -> dict[str, Role]:
    """Return the highest role of each project; "" stands for all projects."""
    roles: dict[str, Role] = {}
    for grant in grants:
        role = Role(grant.role)
        roles[grant.project] = max(role, roles.get(grant.project, role), key=ROLES.index)
    return roles
