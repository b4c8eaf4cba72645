"""Errors of requests for samples, with their HTTP statuses."""

from __future__ import annotations

from rest_framework import status

from runicorn.message import Message
from runicorn_site.web.service_error import ServiceError


class NoSuchSamples(ServiceError):
    """The run has no sample set of that name."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, run_id: str, name: str) -> None:
        super().__init__("Run {run_id} has no samples {name}", run_id=run_id, name=name[:100])


class NoSuchSample(ServiceError):
    """The sample set has no such row."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, row: object) -> None:
        super().__init__("There is no sample {row}", row=row)


class BadSampleQuery(ServiceError):
    """A condition or an order cannot be answered from the columns of the samples."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, sentence: Message, field: str) -> None:
        super().__init__(sentence)
        self.errors = {field: [self.sentence]}


class SamplesUnreadable(ServiceError):
    """The files of the samples cannot be read, or their index cannot be written."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, reason: str) -> None:
        super().__init__("The samples cannot be read: {reason}", reason=reason)
