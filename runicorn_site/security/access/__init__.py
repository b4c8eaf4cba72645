"""Identity and permissions of the sender of a request. No Django.

routes.py    scope that each route needs, and what it changes
actor.py     sender of a request, with a role, grants in projects and perhaps the scope of a token
"""
