"""Pages speak the language of the browser, or the one chosen in the settings; the API speaks English."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from runicorn_site.security.plain_responses import raw_answer
from runicorn_site.transport.body_limits import too_large
from runicorn_site.web.messages import sentence_of
from runs.errors import InvalidPattern
from runs.live.log_pattern import compiled
from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]
CHINESE = "zh-CN,zh;q=0.9,en;q=0.8"


def language_of(client: Client, accepted: str) -> str:
    answer = client.get("/settings", headers={"Accept-Language": accepted})
    (root,) = Markup(answer.content.decode()).all("html")
    assert answer["Content-Language"] == root.attributes["lang"]
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in answer["Vary"].split(",")}
    return str(root.attributes["lang"])


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (CHINESE, "zh-hans"),
        ("zh", "zh-hans"),
        ("zh-Hans-CN", "zh-hans"),
        ("en-US", "en"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_a_page_is_in_the_language_of_the_browser(
    store: Path, client: Client, accepted: str, language: str
) -> None:
    assert language_of(client, accepted) == language


def test_the_language_chosen_in_the_settings_wins(store: Path, client: Client) -> None:
    client.post("/settings/look", {"language": "zh-hans"})
    assert language_of(client, "en") == "zh-hans"
    client.post("/settings/look", {"language": "en"})
    assert language_of(client, CHINESE) == "en"
    client.post("/settings/look", {"language": "auto"})
    assert language_of(client, CHINESE) == "zh-hans"


def test_an_unknown_language_in_the_cookie_is_ignored(store: Path, client: Client) -> None:
    client.cookies["runicorn_language"] = "../zh-hans"
    assert language_of(client, CHINESE) == "zh-hans"


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/runs/none", "/api/v2/experiments?limit=x", "/api/nothing"]
)
def test_the_api_is_english_for_everybody(store: Path, client: Client, path: str) -> None:
    client.cookies["runicorn_language"] = "zh-hans"
    english, chinese = Client().get(path), client.get(path, headers={"Accept-Language": CHINESE})
    assert chinese.status_code == english.status_code
    assert chinese.content.isascii() and "Content-Language" not in chinese
    assert chinese.json().keys() == english.json().keys()
    assert chinese.json().get("detail") == english.json().get("detail")


def test_the_language_ends_with_its_request(store: Path, client: Client) -> None:
    client.get("/settings", headers={"Accept-Language": CHINESE})
    assert translation.get_language() == "en"


def test_error_pages_are_translated(store: Path, client: Client) -> None:
    answer = client.get("/nothing", headers={"Accept-Language": CHINESE})
    assert answer.status_code == 404 and "所有运行" in answer.content.decode()


def test_scripts_load_their_translations_only_where_they_are_needed(
    store: Path, page: Page, client: Client
) -> None:
    write_run(store)
    english = page("/").all("script")
    client.cookies["runicorn_language"] = "zh-hans"
    chinese = page("/").all("script")
    assert len(chinese) == len(english)
    assert "/js/+frame+runs.js" in str(english[-1].attributes["src"])
    address = str(chinese[-1].attributes["src"])
    assert "/js/+i18n/zh-hans+frame+runs.js" in address
    module = client.get(address).content.decode()
    assert module.index('modules["js/i18n/zh-hans.js"]') < module.index('modules["js/http.js"]')
    assert "无法连接服务器" in module


@pytest.mark.parametrize(
    ("path", "form", "sentence"),
    [
        ("/runs/20260101_120000_ffffff", None, "找不到运行：20260101_120000_ffffff"),
        ("/?where=loss+%3E", None, "未知字段 'loss'（位置 1）"),
        ("/runs-where?where=loss+%3E", None, "未知字段 'loss'（位置 1）。"),
        ("/settings/root", {"path": "runs"}, "须为绝对路径，或以 ~ 开头"),
        ("/import", {"file": b"no archive"}, "归档已损坏，或不是 zip、tar 或 tar.gz 文件"),
        ("/artifacts/model/Settings", None, "找不到制品：Settings"),
        ("/remote/host", {"host": "localhost", "username": "me", "way": "agent"}, "远程功能暂不可用"),
    ],
)
def test_an_error_of_a_service_is_translated_on_a_page_and_english_elsewhere(
    store: Path,
    client: Client,
    path: str,
    form: dict[str, object] | None,
    sentence: str,
) -> None:
    def page_text(language: str) -> str:
        fields = form and {
            name: SimpleUploadedFile("a.zip", value) if isinstance(value, bytes) else value
            for name, value in form.items()
        }
        headers = {"Accept-Language": language}
        answer = client.post(path, fields, headers=headers) if form else client.get(path, headers=headers)
        text = answer.json()["error"] if path.startswith("/runs-where") else answer.content.decode()
        return html.unescape(text)

    assert sentence in page_text(CHINESE)
    assert sentence not in page_text("en")


def test_names_of_models_and_fields_are_translated_in_the_admin(
    store: Path, client: Client, look: Callable[[], None]
) -> None:
    write_run(store)
    look()
    client.cookies["runicorn_language"] = "zh-hans"
    runs = client.get("/admin/runs/run/").content.decode()
    assert "运行 ID" in runs and "最优值" in runs and "Best metric" not in runs
    assert "已完成" in runs and ">finished<" not in runs
    client.cookies["runicorn_language"] = "en"
    assert "Best metric value" in client.get("/admin/runs/run/").content.decode()


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("[", "无效的正则表达式：字符集缺少右方括号 ]（位置 1）"),
        (r"\q", r"无效的正则表达式：转义 \q 有误（位置 1）"),
    ],
)
def test_the_reason_for_an_invalid_regular_expression_is_translated(pattern: str, sentence: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compiled(pattern)
    with translation.override("zh-hans"):
        assert sentence in sentence_of(caught.value)


def test_a_refusal_of_the_server_is_in_the_language_of_the_page_and_english_in_the_api() -> None:
    refused = too_large(9)
    page = raw_answer(refused, "/import", language="zh-hans").decode()
    assert "请求内容超过 9 字节" in page
    assert b"The body of the request is larger than 9 bytes" in raw_answer(
        refused, "/api/x", language="zh-hans"
    )
