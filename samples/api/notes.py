"""Routes of labels and notes about samples."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.api.responses.samples import SampleNotes
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.actor import sender_name
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.pools import blocking
from runs.services.lookup import get_experiment
from samples.api.requests import NoteBody
from samples.query.rows import one_row
from samples.services import indexing, notes

ERRORS = (400, 403, 404, 503)


@blocking
@route("GET", scope=Scope.READ, returns=SampleNotes, errors=ERRORS, operation_id="v2_sample_notes_of_run")
def notes_view(request: Request, run_id: str) -> Response:
    """List the labels and notes of a run, newest first."""
    return Response(SampleNotes(notes=notes.read(get_experiment(run_id))))


@blocking
class NotesView(APIView):
    """Labels and notes of a sample set."""

    @endpoint(scope=Scope.READ, returns=SampleNotes, errors=ERRORS, operation_id="v2_sample_notes_of_set")
    def get(self, request: Request, run_id: str, name: str) -> Response:
        """List the labels and notes of a sample set, newest first."""
        return Response(SampleNotes(notes=notes.read(get_experiment(run_id), name)))

    @endpoint(scope=Scope.CURATE, subject=Subject.RUNS, body=NoteBody, returns=SampleNotes, errors=ERRORS)
    def post(self, request: Request, run_id: str, name: str, body: dict[str, Any]) -> Response:
        """Set label and note of a sample; empty ones remove them. Return those of the set."""
        run = get_experiment(run_id)
        with indexing.open_pieces(run, name) as (index, pieces, _):
            sample = one_row(index.source, pieces, body["row"]).get("id")
        return Response(
            SampleNotes(
                notes=notes.write(
                    run,
                    name,
                    body["row"],
                    str(sample or ""),
                    body["label"],
                    body["note"],
                    sender_name(request),
                )
            )
        )


class RunNotesView(NotesView):
    """The same for the pages, which are not limited by rates."""
