"""URL patterns of alerts, relative to the prefixes of the site."""

from __future__ import annotations

from django.urls import URLPattern, path

from alerts.api import views as api
from alerts.pages import editing, views

api_patterns: list[URLPattern] = []
v2_patterns = [
    path("alerts/channels", api.ChannelListView.as_view(), name="v2-alert-channels"),
    path("alerts/channels/<int:key>", api.ChannelView.as_view(), name="v2-alert-channel"),
    path("alerts/channels/<int:key>/test", api.channel_test_view, name="v2-alert-channel-test"),
    path("alerts/rules", api.RuleListView.as_view(), name="v2-alert-rules"),
    path("alerts/rules/preview", api.rule_preview_view, name="v2-alert-preview"),
    path("alerts/rules/<int:key>", api.RuleView.as_view(), name="v2-alert-rule"),
    path("alerts/events", api.event_list_view, name="v2-alert-events"),
    path("alerts/events/acknowledge", api.acknowledge_view, name="v2-alert-acknowledge"),
]
page_patterns = [
    path("alerts", views.alerts_page, name="alerts"),
    path("alerts/acknowledge", views.acknowledge, name="acknowledge-alerts"),
    path("alerts/news", views.news, name="alert-news"),
    path("alerts/rules/new", editing.rule_page, name="new-alert-rule"),
    path("alerts/rules/<int:key>", editing.rule_page, name="alert-rule"),
    path("alerts/rules/<int:key>/switch", views.switch_rule, name="switch-alert-rule"),
    path("alerts/channels/new", editing.channel_page, name="new-alert-channel"),
    path("alerts/channels/<int:key>", editing.channel_page, name="alert-channel"),
]
