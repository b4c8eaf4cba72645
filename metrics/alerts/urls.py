"""URL patterns of alerts, relative to the prefixes of the site."""

from __future__ import annotations

from django.urls import path

from metrics.alerts import api

v2_patterns = [
    path("alerts/channels", api.ChannelListView.as_view(), name="v2-alert-channels"),
    path("alerts/channels/<int:key>", api.ChannelView.as_view(), name="v2-alert-channel"),
    path("alerts/channels/<int:key>/test", api.ChannelTestView.as_view(), name="v2-alert-channel-test"),
    path("alerts/rules", api.RuleListView.as_view(), name="v2-alert-rules"),
    path("alerts/rules/preview", api.RulePreviewView.as_view(), name="v2-alert-preview"),
    path("alerts/rules/<int:key>", api.RuleView.as_view(), name="v2-alert-rule"),
    path("alerts/events", api.EventListView.as_view(), name="v2-alert-events"),
    path("alerts/events/acknowledge", api.AcknowledgeView.as_view(), name="v2-alert-acknowledge"),
]
