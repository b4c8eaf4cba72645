"""What the API takes: each field with a sentence for what is wrong with it."""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework import serializers

from runicorn_site.web.serializers import WHOLE, Body, Query

MOST_RUNS = 100
UNCONFIRMED = "Must set confirm=true to permanently delete"
SEARCH = "All words, in project, name, id, tags or description, in any case."
ORDER = (
    "created_at, updated_at, status, name, project, best_metric_value, duration,"
    " `metric.<name>.best|last|min|max` or `config.<key>`. Runs without the value come last."
)


class CommaSeparated(serializers.ListField):
    """A list in a query: one parameter with commas, or repeated ones for values that have commas themselves."""

    child = serializers.CharField(max_length=255)

    def get_value(self, dictionary: Any) -> Any:
        """The values as a list; nothing when the parameter is not there."""
        values = dictionary.getlist(self.field_name) if hasattr(dictionary, "getlist") else []
        if len(values) == 1:
            values = values[0].split(",")
        values = [value.strip() for value in values if value.strip()]
        return values or serializers.empty


class RunListQuery(Query):
    """Which runs a list is to have."""

    project = serializers.CharField(required=False, allow_blank=True, max_length=255)
    name = serializers.CharField(required=False, allow_blank=True, max_length=255)
    status = CommaSeparated(required=False, help_text="One status, or several separated by commas.")
    tags = CommaSeparated(required=False, help_text="All of them.")
    search = serializers.CharField(required=False, allow_blank=True, max_length=1000, help_text=SEARCH)
    order_by = serializers.CharField(required=False, default="created_at", max_length=300, help_text=ORDER)
    order_desc = serializers.BooleanField(required=False, default=True)
    limit = serializers.IntegerField(required=False, min_value=0, max_value=10**9)
    offset = serializers.IntegerField(required=False, min_value=0, max_value=10**9, default=0)


class LogQuery(Query):
    """Which part of a log is wanted."""

    tail = serializers.IntegerField(required=False, min_value=0, max_value=10**9, help_text="Last lines.")
    offset = serializers.IntegerField(required=False, min_value=0, max_value=2**60, help_text="First byte.")
    search = serializers.CharField(
        required=False, max_length=1000, help_text="In any case.", trim_whitespace=False
    )


class LogPart(TypedDict, total=False):
    """The fields of a valid `LogPartQuery`."""

    search: str
    around: int
    before: int
    after: int
    first: int


class LogPartQuery(serializers.Serializer[Any]):
    """Which part of a log a page wants: the lines around one, or those before or after a byte; or where a text is."""

    search = serializers.CharField(required=False, max_length=1000, trim_whitespace=False)
    around = serializers.IntegerField(required=False, min_value=1, max_value=2**60)
    before = serializers.IntegerField(required=False, min_value=0, max_value=2**60)
    after = serializers.IntegerField(required=False, min_value=0, max_value=2**60)
    first = serializers.IntegerField(required=False, min_value=1, max_value=2**60, default=1)

    def validate(self, attrs: LogPart) -> LogPart:
        """Refuse a query for no part, or for several."""
        if len(attrs.keys() - {"first"}) != 1:
            raise serializers.ValidationError("Ask for one of search, around, before and after")
        return attrs


class MediaPartQuery(serializers.Serializer[Any]):
    """Which media a page knows already."""

    after = serializers.IntegerField(required=False, min_value=0, max_value=2**60, default=0)
    mark = serializers.CharField(required=False, allow_blank=True, max_length=64, default="")


class HistogramQuery(serializers.Serializer[Any]):
    """Whose histograms are wanted."""

    key = serializers.CharField(max_length=255, trim_whitespace=False)


class Tags(serializers.ListField):
    """Tags, each once, in their order."""

    child = serializers.CharField(max_length=255)

    def to_internal_value(self, data: Any) -> list[str]:
        """The tags without repetitions."""
        return list(dict.fromkeys(super().to_internal_value(data)))


class RunEdit(Body):
    """What a person says of a run; what is not named stays as it is."""

    tags = Tags(required=False, max_length=1000)
    description = serializers.CharField(
        required=False, allow_blank=True, max_length=100_000, trim_whitespace=False
    )
    pinned = serializers.BooleanField(required=False)
    archived = serializers.BooleanField(required=False)


def ids(sentence: str) -> serializers.ListField:
    """A field for ids of runs, with a sentence for when there are none."""
    return serializers.ListField(
        child=serializers.CharField(max_length=255),
        allow_empty=False,
        error_messages=dict.fromkeys(("required", "null", "not_a_list", "empty"), sentence),
    )


class RunIds(Body):
    """Which runs are meant: 1 to 100, each counted once."""

    verb = "change"
    run_ids = ids("run_ids is required and must be a list")

    def validate_run_ids(self, run_ids: list[str]) -> list[str]:
        """The ids without repetitions.

        Raises:
            ValidationError: too many at once.
        """
        run_ids = list(dict.fromkeys(run_ids))
        if len(run_ids) > MOST_RUNS:
            sentence = f"Cannot {self.verb} more than {MOST_RUNS} runs at once"
            raise serializers.ValidationError(sentence, code=WHOLE)
        return run_ids


class SoftDelete(RunIds):
    """Runs for the recycle bin."""

    verb = "delete"
    reason = serializers.CharField(required=False, allow_blank=True, max_length=255, default="user_deleted")


class Restore(RunIds):
    """Runs to take out of the recycle bin."""

    verb = "restore"


class TagRuns(RunIds):
    """Tags to add to runs and to take away from them."""

    verb = "tag"
    add = Tags(required=False, default=list, max_length=1000)
    remove = Tags(required=False, default=list, max_length=1000)


class EmptyBin(Body):
    """The confirmation without which nothing is removed for good: the boolean, and nothing that only looks like it."""

    confirm = serializers.BooleanField(
        error_messages=dict.fromkeys(("required", "null", "invalid"), UNCONFIRMED)
    )

    def validate_confirm(self, confirm: bool) -> bool:
        """True, and not false.

        Raises:
            ValidationError: it is false.
        """
        if not confirm:
            raise serializers.ValidationError(UNCONFIRMED)
        return True


class TagExperiment(Body):
    """Tags of one run, added to those it has or in their place."""

    run_id = serializers.CharField(
        max_length=255,
        error_messages=dict.fromkeys(("required", "null", "blank", "invalid"), "run_id is required"),
    )
    tags = Tags(max_length=1000)
    append = serializers.BooleanField(required=False, default=True)


class ExperimentSearch(Query):
    """Which runs a search is to find."""

    project = serializers.CharField(required=False, allow_blank=True, max_length=255)
    tags = CommaSeparated(required=False, help_text="All of them.")
    text = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    archived = serializers.BooleanField(required=False, default=False, help_text="Archived runs too.")


class DeleteExperiments(RunIds):
    """Runs for the recycle bin, or with `force` to be removed for good."""

    verb = "delete"
    run_ids = ids("run_ids are required")
    force = serializers.BooleanField(required=False, default=False)


class FileDigestQuery(Query):
    """Which part of a file the digest is to cover."""

    size = serializers.IntegerField(
        required=False, min_value=0, max_value=2**60, help_text="Its first bytes; else all of it."
    )


class FileQuery(Query):
    """Where what a program of another machine sends belongs."""

    offset = serializers.IntegerField(
        required=False, min_value=0, max_value=2**60, help_text="The byte at which the body belongs."
    )
    digest = serializers.RegexField(
        r"^sha256:[0-9a-f]{64}\Z",
        required=False,
        help_text="Of the whole file: `sha256:` and 64 digits.",
        error_messages={"invalid": "The digest must be 'sha256:' and 64 hexadecimal digits."},
    )
    size = serializers.IntegerField(
        required=False, min_value=0, max_value=2**50, help_text="Of the whole file, when it comes in parts."
    )
    project = serializers.CharField(required=False, max_length=255, help_text="Of a new run.")
    experiment = serializers.CharField(required=False, max_length=255, help_text="Its name, of a new run.")
    sender = serializers.CharField(
        required=False,
        default="",
        max_length=64,
        help_text="By which a run of this very store is recognised.",
    )
