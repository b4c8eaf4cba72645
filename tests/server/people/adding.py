"""`python -m tests.server.people.adding`: add users with passwords, which standard input has as JSON (see `add_users`)."""

from __future__ import annotations

import json
import os
import sys

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "runicorn_site.settings"
    import django

    django.setup()
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    from people import services
    from people.access.actor import Role
    from runicorn_site.database.durable import prepare_durable
    from tests.quick_hashes import ITERATIONS

    PBKDF2PasswordHasher.iterations = ITERATIONS
    prepare_durable()
    for name, (role, password, grants) in json.load(sys.stdin).items():
        user = services.add_user(name, Role(role))
        services.redeem(services.invite(user), password)
        for project, granted in grants.items():
            services.set_role(user, Role(granted), project)
