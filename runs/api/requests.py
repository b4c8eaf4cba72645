"""Request serializers of the API about runs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from runicorn.store import layout
from runicorn.store.curation import COLOR, NOTE_LENGTH
from runicorn_site.web.serializers import WHOLE, Body, Edit, Query

MOST_RUNS = 100
UNCONFIRMED = "Must set confirm=true to permanently delete"
SEARCH = "All words, in project, name, id, tags or description, in any case."
ORDER = (
    "created_at, updated_at, status, name, project, best_metric_value, best_metric (the same by its mode: the"
    " best come first if it descends), duration, `metric.<name>.best|last|min|max` or `config.<key>`. Runs without the value come last."
)

SORT = (
    "Several keys of `order_by`, separated by commas, each descending with a leading minus, in place of `order_by` and"
    " `order_desc`: `-metric.val/acc.best,name`."
)

MOVE = "Name of the project to move to; blank for that of the run's folder, which stays."


class CommaSeparated(serializers.ListField):
    """A list in a query: one comma-separated parameter, or repeated ones for values that contain commas."""

    child = serializers.CharField(max_length=255)

    def get_value(self, dictionary: Any) -> Any:
        """Return the values as a list; empty if the parameter is missing."""
        values = dictionary.getlist(self.field_name) if hasattr(dictionary, "getlist") else []
        if len(values) == 1:
            values = values[0].split(",")
        values = [value.strip() for value in values if value.strip()]
        return values or serializers.empty


class RunListQuery(Query):
    """Filters of a list of runs."""

    project = serializers.CharField(required=False, allow_blank=True, max_length=255)
    name = serializers.CharField(required=False, allow_blank=True, max_length=255)
    status = CommaSeparated(required=False, help_text="One status, or several separated by commas.")
    state = CommaSeparated(required=False, help_text="One state, or several separated by commas.")
    tags = CommaSeparated(required=False, help_text="Runs with all of these tags.")
    search = serializers.CharField(required=False, allow_blank=True, max_length=1000, help_text=SEARCH)
    order_by = serializers.CharField(default="created_at", max_length=300, help_text=ORDER)
    order_desc = serializers.BooleanField(default=True)
    sort = serializers.CharField(required=False, max_length=2000, help_text=SORT)
    pinned_first = serializers.BooleanField(
        default=False, help_text="Pinned runs before all others, in the same order."
    )
    limit = serializers.IntegerField(required=False, min_value=0, max_value=10**9)
    offset = serializers.IntegerField(min_value=0, max_value=10**9, default=0)


class LogQuery(Query):
    """The part of a log to return."""

    tail = serializers.IntegerField(required=False, min_value=0, max_value=10**9, help_text="Last lines.")
    offset = serializers.IntegerField(required=False, min_value=0, max_value=2**60, help_text="First byte.")
    search = serializers.CharField(
        required=False, max_length=1000, help_text="Case-insensitive.", trim_whitespace=False
    )
    regex = serializers.BooleanField(default=False, help_text="`search` is a regular expression of Python.")


class LogPartQuery(serializers.Serializer[Any]):
    """The part of a log that a page requests: the lines around, before or after a position, or a search."""

    search = serializers.CharField(required=False, max_length=1000, trim_whitespace=False)
    regex = serializers.BooleanField(default=False)
    around = serializers.IntegerField(required=False, min_value=1, max_value=2**60)
    before = serializers.IntegerField(required=False, min_value=0, max_value=2**60)
    after = serializers.IntegerField(required=False, min_value=0, max_value=2**60)
    first = serializers.IntegerField(min_value=1, max_value=2**60, default=1)

    def validate(self, attrs: Any) -> Any:
        """Refuse a query for no part, or for several."""
        if len(attrs.keys() - {"first", "regex"}) != 1:
            raise serializers.ValidationError("Exactly one of search, around, before and after is required")
        return attrs


class MediaPartQuery(serializers.Serializer[Any]):
    """The media that a page has already."""

    after = serializers.IntegerField(min_value=0, max_value=2**60, default=0)
    mark = serializers.CharField(allow_blank=True, max_length=64, default="")


class HistogramQuery(serializers.Serializer[Any]):
    """The key of the requested histograms."""

    key = serializers.CharField(max_length=255, trim_whitespace=False)


class Tags(serializers.ListField):
    """Unique tags in their order."""

    child = serializers.CharField(max_length=255)

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the tags without duplicates."""
        return list(dict.fromkeys(super().to_internal_value(data)))


class Project(serializers.CharField):
    """Name of a project, or blank for that of the run's folder."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, max_length=layout.NAME_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the name.

        Raises:
            ValidationError: it is not valid as a folder of the store.
        """
        name: str = super().to_internal_value(data)
        try:
            return layout.check_name(name, "project") if name else name
        except layout.InvalidName as error:
            raise serializers.ValidationError(str(error)) from error


class RunEdit(Edit):
    """Changes of a run; missing fields keep their value."""

    tags = Tags(required=False, max_length=1000)
    description = serializers.CharField(
        required=False, allow_blank=True, max_length=NOTE_LENGTH, trim_whitespace=False
    )
    append_description = serializers.CharField(
        required=False,
        max_length=NOTE_LENGTH,
        trim_whitespace=False,
        help_text="A paragraph to add to the description as it is then; not together with `description`.",
    )
    expected_description = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=NOTE_LENGTH,
        trim_whitespace=False,
        help_text="The description that `description` replaces; 409 if it is another one by now.",
    )
    pinned = serializers.BooleanField(required=False)
    archived = serializers.BooleanField(required=False)
    display_name = serializers.CharField(required=False, allow_blank=True, max_length=255)
    name = serializers.CharField(
        required=False, allow_blank=True, max_length=255, help_text="Same as `display_name`."
    )
    color = serializers.RegexField(
        rf"^({COLOR.pattern})?$", required=False, allow_blank=True, help_text="`#rrggbb`, or blank for none."
    )
    project = Project(required=False, help_text=MOVE)

    def validate(self, attrs: Any) -> Any:
        """Refuse unknown fields, and accept `name` as `display_name`."""
        attrs = super().validate(attrs)
        if "description" in attrs and "append_description" in attrs:
            raise serializers.ValidationError({"append_description": ["Not together with `description`"]})
        if "expected_description" in attrs and "description" not in attrs:
            raise serializers.ValidationError({"expected_description": ["Only together with `description`"]})
        if "name" in attrs:
            attrs["display_name"] = attrs.pop("name")
        return attrs


class Ids(serializers.ListField):
    """Ids of runs, each counted once.

    Args:
        action: what is done with them, for messages.
        most: maximum number.
        things: what they are called in messages.
        missing: message for a missing or empty list.
        not_a_list: message for a value that is no list; `missing` by default.
    """

    child = serializers.CharField(max_length=255)

    def __init__(
        self,
        action: str,
        limit: int = MOST_RUNS,
        things: str = "runs",
        missing: str = "run_ids is required and must be a list",
        not_a_list: str = "",
    ) -> None:
        messages: dict[str, Any] = dict.fromkeys(("required", "null", "empty"), missing)
        messages["not_a_list"] = not_a_list or missing
        super().__init__(allow_empty=False, error_messages=messages)
        self.most, self.excess = limit, f"Cannot {action} more than {limit} {things} at once"

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the ids without duplicates."""
        run_ids = list(dict.fromkeys(super().to_internal_value(data)))
        if len(run_ids) > self.most:
            raise serializers.ValidationError(self.excess, code=WHOLE)
        return run_ids


class SoftDelete(Body):
    """Runs to move to the recycle bin."""

    run_ids = Ids("delete")
    reason = serializers.CharField(allow_blank=True, max_length=255, default="user_deleted")


class Restore(Body):
    """Runs to restore from the recycle bin."""

    run_ids = Ids("restore")


class TagRuns(Body):
    """Tags to add to runs and to remove from them."""

    run_ids = Ids("tag")
    add = Tags(default=list, max_length=1000)
    remove = Tags(default=list, max_length=1000)


class MoveRuns(Body):
    """Runs to move to another project."""

    run_ids = Ids("move")
    project = Project(help_text=MOVE)


class EmptyBin(Body):
    """Confirmation of the permanent removal: the boolean true, no value that only resembles it."""

    confirm = serializers.BooleanField(
        error_messages=dict.fromkeys(("required", "null", "invalid"), UNCONFIRMED)
    )

    def validate_confirm(self, confirm: bool) -> bool:
        """Require true.

        Raises:
            ValidationError: it is false.
        """
        if not confirm:
            raise serializers.ValidationError(UNCONFIRMED)
        return True


class TagExperiment(Body):
    """Tags of one run, added to the existing ones or replacing them."""

    run_id = serializers.CharField(
        max_length=255,
        error_messages=dict.fromkeys(("required", "null", "blank", "invalid"), "run_id is required"),
    )
    tags = Tags(max_length=1000)
    append = serializers.BooleanField(default=True)


class ExperimentSearch(Query):
    """Filters of a search."""

    project = serializers.CharField(required=False, allow_blank=True, max_length=255)
    tags = CommaSeparated(required=False, help_text="Runs with all of these tags.")
    text = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    archived = serializers.BooleanField(default=False, help_text="Include archived runs.")


class DeleteExperiments(Body):
    """Runs to move to the recycle bin, or with `force` to remove permanently."""

    run_ids = Ids("delete", missing="run_ids are required")
    force = serializers.BooleanField(default=False)


class FileDigestQuery(Query):
    """The part of a file that the digest covers."""

    size = serializers.IntegerField(
        required=False, min_value=0, max_value=2**60, help_text="Only its first bytes; all of it if missing."
    )


class FileQuery(Query):
    """Position and digest of an uploaded file."""

    offset = serializers.IntegerField(
        required=False, min_value=0, max_value=2**60, help_text="Byte offset of the body."
    )
    digest = serializers.RegexField(
        r"^sha256:[0-9a-f]{64}\Z",
        required=False,
        help_text="Digest of the whole file: `sha256:` and 64 hexadecimal digits.",
        error_messages={"invalid": "The digest must be 'sha256:' and 64 hexadecimal digits."},
    )
    size = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**50,
        help_text="Total size in bytes; required for multipart uploads.",
    )
    project = serializers.CharField(required=False, max_length=255, help_text="Project of a new run.")
    experiment = serializers.CharField(
        required=False, max_length=255, help_text="Experiment name of a new run."
    )
    sender = serializers.CharField(
        required=False,
        max_length=64,
        help_text="Identifies a sender that writes into the store of this server.",
    )
