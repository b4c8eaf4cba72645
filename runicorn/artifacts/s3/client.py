"""S3 client, and one sentence for each of its errors.

botocore is imported when a bucket is used. It is chosen over obstore, which is half as large, because obstore neither
lists nor aborts the multipart uploads of killed processes, and cannot name the file of a presigned download.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from runicorn.artifacts.errors import BadPool, PoolUnavailable

CONNECTIONS = 32
CONNECT_SECONDS, READ_SECONDS = 10, 20
"""Timeouts of a connection, and of each wait for further bytes."""
RETRIES = 3
SILENT = "Timeout"
"""Code of an error without an answer in time."""
USUAL_REGION = "us-east-1"
"""For servers other than Amazon's, which have no regions."""
ABSENT = {"404", "NoSuchKey", "NotFound"}
PRESENT = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}
DENIED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
ELSEWHERE = {"301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
BUSY = {"500", "503", "InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown"}


def connect() -> Any:
    """Return a client with the credentials, region and endpoint of the usual variables and files of AWS.

    Raises:
        BadPool: botocore is not installed, or its configuration is invalid.
    """
    try:
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise BadPool("A pool in a bucket needs the extra s3: pip install '.[s3]'.") from error
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it says which credentials it has found
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "max_attempts": RETRIES},
        max_pool_connections=CONNECTIONS,
        signature_version="s3v4",
        # The signature has the SHA-256 of the body, which every server compares. Further checksums are sent with
        # contents only: some servers refuse the way in which botocore adds them to all requests.
        s3={"payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        session = botocore.session.get_session()
        region = os.environ.get("AWS_REGION") or session.get_config_variable("region") or USUAL_REGION
        client = session.create_client("s3", region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise BadPool("The configuration of S3 is invalid: {reason}", reason=_line(error)) from error
    client.meta.events.register_first("needs-retry.s3", _raise_timeout)
    client.meta.events.register_first("before-endpoint-resolution.s3", _prefer_region)
    return client


def _prefer_region(context: dict[str, Any], **_: object) -> None:
    """Use regional endpoints in links: newer regions are unknown to the global address of botocore's links."""
    context["use_global_endpoint"] = False


def _raise_timeout(caught_exception: Exception | None, **_: object) -> None:
    """Prevent a retry after a timeout, which would multiply the time that a request of the bucket's users waits."""
    if caught_exception is not None and _is_timeout(caught_exception):
        raise caught_exception


def _is_timeout(error: BaseException | None) -> bool:
    """Return whether a timeout is the cause: botocore has no class for one that passes while a body is sent."""
    return error is not None and (isinstance(error, TimeoutError) or _is_timeout(error.__context__))


def explained(error: Exception, url: str, client: Any) -> PoolUnavailable:
    """Return an error with one sentence for an error of botocore; `code` is that of the server."""
    about, answer = client.meta, getattr(error, "response", None)
    values = {"url": url, "endpoint": about.endpoint_url, "region": about.region_name, "reason": _line(error)}
    if not isinstance(answer, dict):
        return _without_answer(error, values)
    code = str(answer.get("Error", {}).get("Code", ""))
    if code == "NoSuchBucket":
        return PoolUnavailable("{url}: there is no such bucket.", code, **values)
    if code in DENIED or code.endswith("Token"):
        return PoolUnavailable(
            "{url} denies access ({code}): check the credentials and the rights of their user.",
            code,
            **values,
        )
    if code in ELSEWHERE:
        return PoolUnavailable("{url} is in another region than {region}: set AWS_REGION.", code, **values)
    if code in BUSY:
        return PoolUnavailable("{url} is overloaded or failing ({code}); try again later.", code, **values)
    if code == "RequestTimeTooSkewed":
        return PoolUnavailable("{url} denies access: the clock of this machine is wrong.", code, **values)
    return PoolUnavailable("{url} failed: {reason}", code, **values)


def _without_answer(error: Exception, values: dict[str, str]) -> PoolUnavailable:
    kind = type(error).__name__
    if "Credential" in kind or "Token" in kind or kind == "ProfileNotFound":
        return PoolUnavailable(
            "There are no valid credentials for {url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile.",
            kind,
            **values,
        )
    if _is_timeout(error):
        return PoolUnavailable("{url} does not answer at {endpoint}; try again later.", SILENT, **values)
    return PoolUnavailable("{url} cannot be reached at {endpoint}: {reason}", kind, **values)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
