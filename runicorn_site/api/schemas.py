"""What the routes about the server and its configuration answer, for their OpenAPI description.

Nothing is serialized with these.
"""

from __future__ import annotations

from rest_framework import serializers as s

from metrics.api.schemas import CacheStats
from runicorn_site.web.schemas import Schema


def _perhaps(**options: str) -> s.FloatField:
    return s.FloatField(allow_null=True, **options)


class Database(Schema):
    """The database that answers."""

    vendor = s.CharField(help_text="sqlite or postgresql.")
    version = s.CharField()


class Health(Schema):
    """That the server is well, and what it is made of."""

    status = s.CharField(help_text="ok, or degraded.")
    problem = s.CharField(required=False, help_text="What is wrong, when the status is degraded.")
    version = s.CharField()
    timestamp = s.FloatField(help_text="Unix seconds.")
    storage = s.CharField(help_text="The storage root that is shown.")
    database = Database()
    cache = CacheStats()


class Route(Schema):
    """A route of the API."""

    method = s.CharField()
    path = s.CharField(help_text="With a name in braces for each part that varies.")


class ApiIndex(Schema):
    """The routes of the API, and where they are described."""

    version = s.CharField()
    documentation = s.CharField(help_text="The address of the documentation for people.")
    openapi = s.CharField(help_text="The address of the OpenAPI description.")
    routes = Route(many=True)


class Checked(Schema):
    """How many runs were looked at, and how many of them had died."""

    checked = s.IntegerField()
    updated = s.IntegerField()
    message = s.CharField()


class Gpu(Schema):
    """One GPU; null what the driver does not know."""

    index = s.IntegerField(allow_null=True)
    name = s.CharField(allow_null=True)
    util_gpu = _perhaps(help_text="Percent.")
    util_mem = _perhaps(help_text="Percent.")
    mem_total_mib = _perhaps()
    mem_used_mib = _perhaps()
    mem_used_pct = _perhaps()
    temp_c = _perhaps(help_text="Degrees Celsius.")
    power_w = _perhaps(help_text="Watts.")
    power_limit_w = _perhaps(help_text="Watts.")
    clock_sm_mhz = _perhaps()
    clock_mem_mhz = _perhaps()
    pstate = s.CharField(allow_null=True)
    fan_speed_pct = _perhaps()


class Gpus(Schema):
    """The GPUs, or why there is nothing to say of them."""

    available = s.BooleanField()
    reason = s.CharField(required=False, help_text="When not available.")
    ts = s.FloatField(required=False, help_text="Unix seconds.")
    gpus = Gpu(many=True, required=False)


class Frequency(Schema):
    """Of the processor in MHz."""

    current = s.FloatField()
    min = s.FloatField()
    max = s.FloatField()


class Cpu(Schema):
    """The processor; loads in percent."""

    percent = s.FloatField()
    count = s.IntegerField(allow_null=True, help_text="Cores.")
    logical_count = s.IntegerField(allow_null=True)
    per_core = s.ListField(child=s.FloatField(), help_text="Each logical processor.")
    frequency = Frequency(allow_null=True)
    load_avg = s.ListField(child=s.FloatField(), allow_null=True, help_text="Of 1, 5 and 15 minutes.")


class Memory(Schema):
    """Main memory and swap in bytes."""

    total = s.IntegerField()
    available = s.IntegerField()
    used = s.IntegerField()
    percent = s.FloatField()
    swap_total = s.IntegerField()
    swap_used = s.IntegerField()
    swap_percent = s.FloatField()


class DiskTraffic(Schema):
    """Of all disks since the machine started."""

    read_bytes = s.IntegerField()
    write_bytes = s.IntegerField()
    read_count = s.IntegerField()
    write_count = s.IntegerField()


class Disk(Schema):
    """The disk of the storage root in bytes."""

    path = s.CharField()
    total = s.IntegerField()
    used = s.IntegerField()
    free = s.IntegerField()
    percent = s.FloatField()
    io = DiskTraffic(allow_null=True)


class Platform(Schema):
    """What the machine is."""

    system = s.CharField()
    release = s.CharField()
    machine = s.CharField()


class Monitor(Schema):
    """Figures of the server's machine."""

    available = s.BooleanField()
    ts = s.FloatField(help_text="Unix seconds.")
    cpu = Cpu()
    memory = Memory()
    disk = Disk()
    platform = Platform()


class Config(Schema):
    """The configuration of this user and this viewer."""

    user_root_dir = s.CharField(help_text="As configured; empty when it is not.")
    storage = s.CharField(help_text="The storage root that is shown.")
    config_file = s.CharField()
    version = s.CharField()


class Changed(Schema):
    """That it was done."""

    ok = s.BooleanField()
    message = s.CharField()


class RootSwitched(Changed):
    """The storage root from now on."""

    user_root_dir = s.CharField()
    storage = s.CharField()


class WidthsAnswer(Schema):
    """The widths that were saved."""

    table = s.CharField()
    size = s.CharField()
    widths = s.DictField(child=s.IntegerField(), help_text="Pixels by column.")


class Dismissed(Schema):
    """The alerts that are not shown any more, in the order in which they were dismissed."""

    dismissed_alerts = s.ListField(child=s.CharField())


class Imported(Schema):
    """What became, or would become, of an archive."""

    ok = s.BooleanField()
    dry_run = s.BooleanField(help_text="Nothing was changed.")
    imported_files = s.IntegerField()
    imported_bytes = s.IntegerField()
    new_run_dirs = s.ListField(child=s.CharField(), help_text="Absolute paths.")
    new_run_ids = s.ListField(child=s.CharField())
    replaced_run_ids = s.ListField(child=s.CharField())
    new_artifacts = s.ListField(child=s.CharField(), help_text="type/name:vN.")
    left = s.DictField(child=s.CharField(), help_text="What was not taken, each with the reason.")
    storage = s.CharField()


class ExportedMedia(Schema):
    """A file of a run."""

    path = s.CharField()
    size = s.IntegerField()
    base64 = s.CharField()


class Exported(Schema):
    """A run as one document; NaN and infinities are null."""

    format = s.CharField(help_text="runicorn.run/1.")
    id = s.CharField()
    meta = s.DictField()
    status = s.DictField()
    summary = s.DictField()
    config = s.DictField()
    curation = s.DictField()
    environment = s.DictField()
    artifacts_created = s.DictField()
    artifacts_used = s.DictField()
    metrics = s.ListField(child=s.DictField(), help_text="One a record, in the order of logging.")
    logs = s.CharField()
    media = ExportedMedia(many=True, required=False)
