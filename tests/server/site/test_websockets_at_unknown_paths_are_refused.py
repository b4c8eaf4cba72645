from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.processes import Viewer


@pytest.mark.parametrize("path", ["/", "/api/runs/x/logs", "/ws", "/runs/x/live/more"])
def test_a_handshake_at_an_unknown_address_is_refused_without_an_error(
    shared_viewer: Viewer, path: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(shared_viewer.url.replace("http", "ws") + path).close()
    assert refused.value.response.status_code == 403
    assert "Traceback" not in shared_viewer.output
