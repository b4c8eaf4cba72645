"""Users of a viewer: accounts, roles, sign-in and the record of changes (`runicorn viewer --users`).

models.py         grants, invitations and identities beside Django's users and groups
directory.py      the users in memory, for the guard
services.py       changes of users
api_tokens.py     API tokens; token_verification.py verifies them
legacy_import.py  import of the files of earlier versions
middleware.py     the user of a request, and the check of what it changes
changes.py        the record of changes
"""
