"""Views of artifacts and their versions. Views that change something are in `actions`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.response import Response

from artifacts.api import downloads, zip_download
from artifacts.pages.artifact import artifact_context
from artifacts.pages.compare import compare_context
from artifacts.pages.listing import ListState, list_context
from artifacts.pages.version import is_picture, version_context
from artifacts.services import lookup
from runicorn_site.web.attachments import attachment
from runicorn_site.web.fragments import fragment
from runicorn_site.web.pools import blocking
from runicorn_site.web.preview import suffix
from runs.active_root import active_root
from runs.index.run_files import PICTURES


@blocking
@require_safe
def artifact_list(request: HttpRequest) -> HttpResponse:
    """The list of artifacts, filtered, sorted and paged by the query string."""
    state = ListState.read(request.GET)
    context = list_context(active_root(), state)
    if "HX-Request" not in request.headers:
        return render(request, "artifacts/list.html", context)
    answer = fragment(request, "artifacts/_list.html", context)
    # The form sends every field; the URL in the address bar omits defaults.
    answer["HX-Push-Url"] = state.address(page=state.page)
    return answer


@blocking
@require_safe
def artifact_page(request: HttpRequest, type: str, name: str) -> HttpResponse:
    context = artifact_context(lookup.get_artifact(name, type), request.GET)
    return render(request, "artifacts/artifact.html", context)


@blocking
@require_safe
def compare_page(request: HttpRequest, type: str, name: str) -> HttpResponse:
    """Two versions of an artifact: `?a=1&b=2`."""
    context = compare_context(lookup.get_artifact(name, type), request.GET)
    return render(request, "artifacts/compare.html", context)


@blocking
@require_safe
def version_page(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Render the page of a version, deleted or not; `?file=` previews one of its files."""
    context = version_context(lookup.get_version(name, number, type), request.GET)
    return render(request, "artifacts/version.html", context)


@blocking
@require_safe
def version_file(request: HttpRequest, type: str, name: str, number: int, path: str) -> HttpResponseBase:
    """Send a file of a version as an attachment, like the API."""
    return _plain(downloads.file_of_version(request, lookup.get_version(name, number, type), path))


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


@blocking
@require_safe
def version_archive(request: HttpRequest, type: str, name: str, number: int) -> HttpResponseBase:
    """Send all files of a version as a zip file."""
    version = lookup.get_version(name, number, type)
    zip_download.check(version)
    answer = StreamingHttpResponse(zip_download.zipped(version), content_type="application/zip")
    return attachment(answer, f"{name}-v{number}.zip")


def _plain(answer: HttpResponseBase) -> HttpResponseBase:
    """Return a DRF response without its body (304 or 416), which a plain view cannot render."""
    if not isinstance(answer, Response):
        return answer
    return HttpResponse(status=answer.status_code, headers=dict(answer.items()))
