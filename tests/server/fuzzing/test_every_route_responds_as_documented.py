"""Every operation of `/openapi.json` is asked with values that fit and values that do not.

No answer is an error of the server; each has a status, a content type and a body as described, and what is wrong with
the input is said by the name of the parameter.
"""

from __future__ import annotations

import json
import traceback
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.processes import Viewer
from tests.server.fuzzing.asking import Asked, Asker, complaints, requests
from tests.server.fuzzing.described import Description, Operation
from tests.server.fuzzing.values import Pool, Values

ROOT = "/api/config/user_root_dir"
PARTS = 8
"""Into so many the long form is cut, for it to be shared by processes."""


def test_every_operation_responds_as_documented(target: Viewer, description: Description, pool: Pool) -> None:
    ask_all(description.operations, target, description, pool, 4, derandomize=True)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_operation_responds_as_documented_to_many_requests(
    target: Viewer, description: Description, pool: Pool, part: int
) -> None:
    ask_all(description.operations[part::PARTS], target, description, pool, 200)


def ask_all(
    operations: list[Operation],
    target: Viewer,
    description: Description,
    pool: Pool,
    count: int,
    **more: Any,
) -> None:
    """Send `count` requests to each operation and report every undocumented response."""
    values, failures = Values(description, pool), []
    with closing(Asker(target.port)) as ask:
        for operation in operations:
            try:
                check(operation, target, description, values, ask, count, **more)
            except Exception as error:  # noqa: BLE001 - the others are to be asked as well
                failures.append(f"{operation}\n{''.join(traceback.format_exception_only(error))}")
            if operation.path == ROOT:
                assert target.post(ROOT, json={"path": str(target.root)}).status_code == 200
    assert not failures, "\n\n".join(failures)
    assert "Traceback" not in target.output


def check(
    operation: Operation,
    target: Viewer,
    description: Description,
    values: Values,
    ask: Asker,
    count: int,
    **more: Any,
) -> None:
    """Put `count` requests to one operation; the simplest that is answered otherwise than described raises."""

    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck), **more)
    @given(case=requests(operation, values))
    def holds(case: Asked) -> None:
        case = beside(target.root, case) if operation.path == ROOT else case
        answer = ask(case)
        wrong = list(complaints(description, case, answer))
        assert not wrong, f"{case}\n{answer.status} {answer.body[:500]!r}\n" + "\n".join(wrong)

    holds()


def beside(root: Path, request: Asked) -> Asked:
    """Move an absolute storage root in a request beside the store, so that no other folder is touched."""
    path = request.sent.get("path") if isinstance(request.sent, dict) else None
    if not isinstance(path, str) or path.strip()[:1] not in ("/", "~"):
        return request
    fields = request.sent | {"path": f"{root.parent}/elsewhere/{path.strip(' /~').replace('..', '')}"}
    return replace(request, sent=fields, body=json.dumps(fields).encode())
