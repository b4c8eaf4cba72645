"""Downloads of the files of versions."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from rest_framework.response import Response

from artifacts.api import downloads
from artifacts.pages.version import is_picture
from artifacts.services import lookup
from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking
from runicorn_site.web.preview import suffix
from runicorn_site.web.responses import attachment
from runs.index.run_files import PICTURES


@access(Scope.READ)
@blocking
@require_safe
def version_file(request: HttpRequest, type: str, name: str, number: int, path: str) -> HttpResponseBase:
    """Send a file of a version as an attachment, like the API."""
    return _plain(downloads.file_of_version(request, lookup.get_version(name, number, type), path))


@access(Scope.READ)
@blocking
@require_safe
def version_picture(request: HttpRequest, type: str, name: str, number: int, path: str) -> HttpResponseBase:
    """Send an image of a version, to be shown inline; a page shows no images of a bucket."""
    version = lookup.get_version(name, number, type)
    answer = _plain(downloads.file_of_version(request, version, path, may_redirect=False))
    if answer.status_code == 200 and is_picture(path, downloads.entry_of(version, path).size):
        answer["Content-Type"] = PICTURES[suffix(path)]
        del answer["Content-Disposition"]
    return answer


@access(Scope.READ)
@blocking
@require_safe
def version_archive(request: HttpRequest, type: str, name: str, number: int) -> HttpResponseBase:
    """Send all files of a version as a zip file."""
    version = lookup.get_version(name, number, type)
    from artifacts.api import zip_download

    zip_download.check(version)
    answer = StreamingHttpResponse(zip_download.zipped(version), content_type="application/zip")
    return attachment(answer, f"{name}-v{number}.zip")


def _plain(answer: HttpResponseBase) -> HttpResponseBase:
    """Return a DRF response without its body (304 or 416), which a plain view cannot render."""
    if not isinstance(answer, Response):
        return answer
    return HttpResponse(status=answer.status_code, headers=dict(answer.items()))
