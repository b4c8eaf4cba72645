"""Pages, scripts, styles, forms and redirects of a viewer below a path lead to addresses below that path."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from tests.pages.conftest import CHARTED
from tests.server.proxies.conftest import Site
from tests.server.proxies.crawl import crawl
from tests.server.site.wire import get, handshake

PAGES = (
    "/",
    "/?layout=charts",
    f"/runs/{CHARTED}",
    "/settings",
    "/remote",
    "/system",
    "/docs",
    "/redoc",
    "/admin/",
)
ADDRESSES = 60


def test_every_link_script_style_and_form_is_below_the_prefix(site: Site) -> None:
    crawled = list(crawl(site.session, [site.url + page for page in PAGES]))
    paths = {urlsplit(url).path for url, _, _ in crawled}
    assert len(paths) > ADDRESSES
    outside = {
        (url, page)
        for url, page, _ in crawled
        if not (urlsplit(url).path + "/").startswith(f"{site.prefix}/")
    }
    assert not outside
    # A run that printed nothing has no log.
    broken = [
        (url, page, status) for url, page, status in crawled if status >= 400 and not url.endswith("/logs")
    ]
    assert not broken
    for part in ("/static/", "/runs/", "/admin/", "/artifacts", "/settings"):
        assert any(path.startswith(f"{site.prefix}{part}") for path in paths), part


def test_answers_of_the_api_name_addresses_below_the_prefix(site: Site) -> None:
    session = site.session
    session.headers["Accept"] = "application/json"
    index = session.get(f"{site.url}/api").json()
    assert index["documentation"] == f"{site.prefix}/docs"
    assert all(route["path"].startswith(f"{site.prefix}/api") for route in index["routes"])
    schema = session.get(site.url + "/openapi.json").json()
    assert schema["servers"] == [{"url": site.prefix}] and "/api/runs" in schema["paths"]
    media = session.get(f"{site.url}/runs/{CHARTED}/media").json()
    addresses = [medium["address"] for medium in media["media"]]
    assert addresses and all(address.startswith(f"{site.prefix}/runs/") for address in addresses)
    assert session.get(f"{site.url}/settings?notice=root").status_code == 200


def test_redirects_and_error_pages_stay_below_the_prefix(site: Site) -> None:
    session = site.session
    icon = session.get(f"{site.url}/favicon.ico", allow_redirects=False)
    assert urljoin(icon.url, icon.headers["Location"]) == f"{site.url}/static/img/favicon.svg"
    missing = session.get(f"{site.url}/nothing")
    assert missing.status_code == 404 and f'href="{site.prefix}/"' in missing.text
    refused = session.get(site.url + "/", headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403 and f'href="{site.prefix}/plain.css"' in refused.text
    style = session.get(f"{site.url}/plain.css")
    assert style.status_code == 200 and "url(" not in style.text
    large = session.post(
        f"{site.url}/api/runs/tags", data=b"x" * 9_000_000, headers={"Content-Type": "application/json"}
    )
    assert large.status_code == 413 and "detail" in large.json()


def test_cookies_are_limited_to_the_prefix(site: Site) -> None:
    session = site.session
    page = session.get(f"{site.url}/settings")
    set_cookies = [value for name, value in page.raw.headers.items() if name == "Set-Cookie"]
    assert set_cookies and all(f"; Path={site.prefix}" in value for value in set_cookies)


def test_addresses_outside_of_the_base_path_are_missing(mounted: Site) -> None:
    port = mounted.viewer.port
    assert get(port, "/").headers["location"] == f"{mounted.prefix}/"
    for path in ("/api/health", "/settings", f"{mounted.prefix}x/settings", "/static/js/http.js", "/token"):
        answer = get(port, path)
        assert answer.status == 404 and f"begin with {mounted.prefix}/".encode() in answer.body, path
    assert handshake(port, f"/runs/{CHARTED}/live") == 404
    assert handshake(port, f"{mounted.prefix}/runs/{CHARTED}/live?after=0") == 101
    for path in ("/healthz", "/readyz", "/metrics"):
        assert get(port, path).status == get(port, mounted.prefix + path).status == 200


def test_a_dot_or_an_escape_leads_to_no_address_outside(mounted: Site) -> None:
    port = mounted.viewer.port
    for path in (
        f"{mounted.prefix}/../settings",
        "/lab%2Frunicorn/settings",
        f"{mounted.prefix}//evil.example/",
    ):
        answer = get(port, path)
        assert answer.status == 404, path
    assert get(port, "/l%61b/runicorn/settings").status == 200
