"""Names of models and fields in the admin site, in the language of the page."""

from __future__ import annotations

from django.db.models import Model
from django.utils.translation import gettext_lazy

from runicorn.message import gettext_noop as _

NAMES = (
    _("aliases"),
    _("archived"),
    _("artifact"),
    _("artifacts"),
    _("artifacts created count"),
    _("artifacts used count"),
    _("at"),
    _("best metric mode"),
    _("best metric name"),
    _("best metric step"),
    _("best metric value"),
    _("best score"),
    _("boot id"),
    _("color"),
    _("config"),
    _("created"),
    _("curation"),
    _("delete reason"),
    _("deleted"),
    _("description"),
    _("digest"),
    _("display name"),
    _("duration"),
    _("ended"),
    _("environment available"),
    _("evidence"),
    _("exit reason"),
    _("folder"),
    _("group"),
    _("heartbeat"),
    _("hostname"),
    _("journal bytes"),
    _("journal end"),
    _("journal problems"),
    _("journal records"),
    _("kind"),
    _("last step"),
    _("latest"),
    _("machine id"),
    _("manifest digest"),
    _("media mark"),
    _("media offset"),
    _("metadata"),
    _("name"),
    _("num files"),
    _("num versions"),
    _("number"),
    _("original status"),
    _("other folders"),
    _("owner"),
    _("pid"),
    _("pid namespace"),
    _("pinned"),
    _("position"),
    _("problems"),
    _("process start"),
    _("project"),
    _("records unwritten"),
    _("records written"),
    _("references"),
    _("root"),
    _("run"),
    _("run id"),
    _("runs"),
    _("search"),
    _("signature"),
    _("size bytes"),
    _("stage"),
    _("stamp"),
    _("started"),
    _("state"),
    _("state reason"),
    _("status"),
    _("stored bytes"),
    _("summary"),
    _("tags"),
    _("type"),
    _("updated"),
    _("use"),
    _("user"),
    _("uses"),
    _("version"),
    _("versions"),
    _("warnings"),
)
"""The names that Django derives from the source, for the catalogue."""


def translate_names(*models: type[Model]) -> None:
    """Translate the names of models and of their fields.

    Set on the finished models: names in their definitions would be part of the migrations.
    """
    for model in models:
        options = model._meta
        options.verbose_name = gettext_lazy(str(options.verbose_name))
        options.verbose_name_plural = gettext_lazy(str(options.verbose_name_plural))
        for field in options.concrete_fields:
            field.verbose_name = gettext_lazy(str(field.verbose_name))
