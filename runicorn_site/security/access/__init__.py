"""Who sent a request, and what they may do: the one check of permissions. No Django.

routes.py    scope that each route needs, and what it changes
actor.py     sender of a request, with a role, grants in projects and perhaps the scope of a token
"""
