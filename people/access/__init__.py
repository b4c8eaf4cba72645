"""Identity and permissions of the sender of a request.

routes.py    table of the routes, made from the declarations of the views
actor.py     sender of a request, with a role, grants in projects and perhaps the scope of a token
"""
