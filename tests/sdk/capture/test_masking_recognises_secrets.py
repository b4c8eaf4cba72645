"""What is masked in names, arguments, addresses and texts, and what is left readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runicorn.capture.redaction import Masking, is_telling, secrets_of

NOTHING = Masking({})


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "HF_TOKEN",
        "dbPassword",
        "PGPASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "github-pat",
        "APIKey",
        "auth",
        "credentials",
        "private.key",
        "AZURE_VISION_TOKEN",
        "RUNNER_REGISTER_TOKEN",
    ],
)
def test_the_name_of_a_secret_is_recognised(name: str) -> None:
    assert is_telling(name)


@pytest.mark.parametrize(
    "name",
    [
        *("tokenizer", "max_tokens", "lr", "author", "keyboard", "passes", "monkey", "compass", "epochs"),
        *("token_dim", "pad_token_id", "kd_token_distill_type", "class-token", "token_loss_weight"),
    ],
)
def test_a_common_name_is_not_masked(name: str) -> None:
    assert not is_telling(name)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--token", "x"], ["--token", "***"]),
        (["--token", "--verbose"], ["--token", "--verbose"]),
        (["--token", "-starts-with-a-dash"], ["--token", "***"]),
        (["--password="], ["--password=***"]),
        (["--env=API_KEY=abc"], ["--env=API_KEY=***"]),
        (["+logger.api_key=abc"], ["+logger.api_key=***"]),
        (["X-Api-Key: abc"], ["X-Api-Key: ***"]),
        (['{"api_key": "abcdef"}'], ['{"api_key": "***"}']),
        (["--tokenizer", "bert", "--max-tokens=512"], ["--tokenizer", "bert", "--max-tokens=512"]),
        (["--token-dim", "64", "--token-value", "x"], ["--token-dim", "64", "--token-value", "***"]),
        (["--data=s3://bucket/a@b", "--lr=0.1"], ["--data=s3://bucket/a@b", "--lr=0.1"]),
        ([], []),
    ],
)
def test_arguments_are_masked(arguments: list[str], expected: list[str]) -> None:
    assert NOTHING.arguments(arguments) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ada:pw@example.org/a.git", "https://example.org/a.git"),
        ("https://ghp_onlyatoken@example.org/a.git", "https://example.org/a.git"),
        ("https://ada:p@ss/w@rd@example.org/a.git", "https://example.org/a.git"),
        ("https://example.org/a.git?private_token=x#y", "https://example.org/a.git"),
        ("ssh://git@example.org:22/a.git", "ssh://git@example.org:22/a.git"),
        ("ssh://git:pw@example.org/a.git", "ssh://example.org/a.git"),
        ("git@example.org:ada/a.git", "git@example.org:ada/a.git"),
        ("/srv/git/a.git", "/srv/git/a.git"),
        ("ext::sh -c 'secret'", ""),
        ("", ""),
    ],
)
def test_an_address_has_no_credentials(url: str, expected: str) -> None:
    assert NOTHING.address(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+token = 'abcdefgh'", "+token = '***'"),
        ('{"password": "hunter22"}', '{"password": "***"}'),
        ("+HF_TOKEN=abc123def456", "+HF_TOKEN=***"),
        (" db_password: abc123def456", " db_password: ***"),
        ("Authorization: Bearer abcdefgh.123", "Authorization: Bearer ***"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("x ghp_abcdefghijklmnopqrstuvwxyz0123456789 y", "x *** y"),
        (
            "+-----BEGIN RSA PRIVATE KEY-----\n+MIIabc\n+-----END RSA PRIVATE KEY-----\n+x",
            "+-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\n+x",
        ),
        ("+-----BEGIN PRIVATE KEY-----\n+MIIabc", "+-----BEGIN PRIVATE KEY-----***"),
    ],
)
def test_a_text_loses_its_secrets(text: str, expected: str) -> None:
    assert NOTHING.text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "+token = tokenizer.encode(text)",
        '+pad_token = "[PAD]"',
        '+eos_token = "<|endoftext|>"',
        '+    key="learning_rate",',
        "+torch @ git+https://github.com/pytorch/pytorch@v2.1",
        "+see https://example.org/@ada/notes and ada@example.org",
        "+token_count = 4096",
        "-lr: 0.1",
    ],
)
def test_ordinary_code_stays_as_it_is(text: str) -> None:
    assert NOTHING.text(text) == text


def test_the_secrets_of_an_environment_are_its_telling_values_and_passwords_in_addresses() -> None:
    variables = {
        "API_KEY": "a-long-secret",
        "SHORT_TOKEN": "abc",
        "AUTH": "disabled",
        "PWD": "/home/ada/work",
        "SSH_AUTH_SOCK": "/tmp/agent.1",
        "HTTPS_PROXY": "http://ada:proxypass@proxy:3128",
        "LANG": "C.UTF-8",
    }
    assert set(secrets_of(variables)) == {"a-long-secret", "proxypass"}


def test_a_known_secret_is_masked_wherever_it_stands_the_longest_first() -> None:
    masking = Masking({"A_TOKEN": "abcdef", "B_TOKEN": "abcdef-and-more"})
    assert masking.text("say abcdef-and-more, abcdef") == "say ***, ***"
    assert masking.arguments(["--name=run-abcdef"]) == ["--name=run-***"]
    assert masking.address("git@example.org:abcdef/a.git") == "git@example.org:***/a.git"


@given(st.text(max_size=300))
def test_any_text_can_be_masked_and_masking_again_changes_nothing(text: str) -> None:
    once = NOTHING.text(text)
    assert NOTHING.text(once) == once
    NOTHING.arguments([text])
    NOTHING.address(text)


@pytest.mark.parametrize(
    "text", ["a" * 120_000, "a=" * 60_000, "://a:" * 20_000, "x.y-" * 30_000, " " * 120_000]
)
def test_no_text_takes_long(text: str) -> None:
    began = time.thread_time()
    NOTHING.text(text)
    assert time.thread_time() - began < 5
