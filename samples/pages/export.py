"""Export of labelled samples as a data set for fine-tuning or preferences."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from runicorn.json_value import JsonObject
from runicorn.store.samples.names import folder_name
from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import attachment
from runs.models import Run
from runs.services.lookup import get_run
from samples.query.json_rows import strict
from samples.query.rows import one_row
from samples.services import indexing, notes

GOOD, BAD = ("good", "chosen", "yes"), ("bad", "rejected", "no")


@access(Scope.READ)
@blocking
@require_safe
def export_view(request: HttpRequest, run_id: str, name: str) -> HttpResponseBase:
    """Send labelled samples as a file: `form=sft` those labelled good, `form=preference` pairs of one prompt.

    `format=jsonl` or `format=parquet` (requires pyarrow). Pairs are samples of one group, or one `id` without groups,
    one labelled good and one bad, in the columns of TRL: `prompt`, `chosen`, `rejected`.
    """
    run = get_run(run_id)
    # What people labelled is little; an unknown sample set is an error before anything was sent.
    rows = list((preference if request.GET.get("form") == "preference" else fine_tuning)(run, name))
    file_name = f"{folder_name(name)}-{request.GET.get('form', 'sft')}"
    if request.GET.get("format") == "parquet":
        return _parquet(rows, f"{file_name}.parquet")
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    response = StreamingHttpResponse(lines, content_type="application/x-ndjson; charset=utf-8")
    return attachment(response, f"{file_name}.jsonl")


def fine_tuning(run: Run, name: str) -> Iterator[JsonObject]:
    """Yield the samples labelled good: `messages`, or `prompt` and `completion`, with their note."""
    for label, row in _labelled(run, name):
        if label in GOOD:
            messages: Any = row.get("messages")
            content = {"messages": messages} if isinstance(messages, list) else _sides(row)
            yield strict(
                {**content, "id": row.get("id"), "step": row.get("_step"), "reward": row.get("reward")}
            )


def preference(run: Run, name: str) -> Iterator[JsonObject]:
    """Yield pairs of samples of one prompt, one labelled good and one bad."""
    groups: dict[str, dict[bool, list[JsonObject]]] = {}
    for label, row in _labelled(run, name):
        if label in GOOD or label in BAD:
            key = str(row.get("group") or row.get("id") or row.get("prompt"))
            groups.setdefault(key, {True: [], False: []})[label in GOOD].append(row)
    for sides in groups.values():
        for chosen, rejected in zip(sides[True], sides[False], strict=False):
            good, bad = _sides(chosen), _sides(rejected)
            yield strict(
                {"prompt": good["prompt"], "chosen": good["completion"], "rejected": bad["completion"]}
            )


def _labelled(run: Run, name: str) -> Iterator[tuple[str, JsonObject]]:
    with indexing.open_pieces(run, name) as (index, pieces, _):
        for note in sorted(notes.read(run, name), key=lambda note: note["row"]):
            if note["label"]:
                yield note["label"].lower(), one_row(index.source, pieces, note["row"])


def _sides(row: JsonObject) -> JsonObject:
    """Return prompt and completion; of messages, the last one of the assistant is the completion."""
    messages: Any = row.get("messages")
    if "completion" in row or not isinstance(messages, list) or not messages:
        return {"prompt": row.get("prompt"), "completion": row.get("completion", row.get("response"))}
    return {"prompt": messages[:-1], "completion": messages[-1:]}


def _parquet(rows: list[JsonObject], file_name: str) -> HttpResponseBase:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return HttpResponse(gettext("Parquet files require pyarrow: pip install pyarrow"), status=503)
    columns = {key: None for row in rows for key in row}
    texts: dict[str, list[Any]] = {key: [row.get(key) for row in rows] for key in columns}
    try:
        table = pyarrow.table(texts)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):  # columns of several types: as JSON
        table = pyarrow.table({key: [json.dumps(value) for value in column] for key, column in texts.items()})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.parquet")
        pyarrow.parquet.write_table(table, path)
        return FileResponse(path.open("rb"), as_attachment=True, filename=file_name)
