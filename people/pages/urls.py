"""URL patterns of the pages about users."""

from __future__ import annotations

from django.urls import path

from people.pages import account, changes, oidc, sign_in, users

page_patterns = [
    path("login", sign_in.SignIn.as_view(), name="login"),
    path("login/oidc", oidc.begin, name="oidc-begin"),
    path("login/oidc/callback", oidc.callback, name="oidc-callback"),
    path("logout", sign_in.sign_out, name="logout"),
    path("invitations/<str:secret>", sign_in.accept_invitation, name="invitation"),
    path("account", account.account_page, name="account"),
    path("account/password", account.change_password, name="change-password"),
    path("account/tokens", account.add_token, name="add-token"),
    path("account/tokens/revoke", account.revoke_token, name="revoke-token"),
    path("account/shares/revoke", account.revoke_share, name="revoke-share"),
    path("users", users.users_page, name="users"),
    path("users/invite", users.invite, name="invite-user"),
    path("users/<int:key>/<str:action>", users.change_user, name="change-user"),
    path("users/access", users.change_access, name="change-access"),
    path("users/groups", users.change_group, name="change-group"),
    path("changes", changes.changes_page, name="changes"),
]
