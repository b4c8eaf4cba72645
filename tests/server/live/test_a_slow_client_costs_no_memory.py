from __future__ import annotations

import json
import time

import psutil
import pytest

from runs.live.backpressure import FAR_BEHIND, PATIENCE, FellBehind, Patience
from tests.server.live.files import numbered
from tests.server.live.sockets import lines, rest

MEGABYTE = 1 << 20


def test_a_client_that_stops_reading_is_closed_and_may_come_back(new_run) -> None:
    run = new_run(logs=numbered(1, width=4000))
    process = psutil.Process(run.server.process.pid)
    with run.open_log("?frames=json", max_queue=4) as slow, run.open_log() as quick:
        received = lines(slow, 1)
        lines(quick, 1)
        before = process.memory_info().rss
        for first in range(1, 16_001, 1000):  # 64 MB
            run.write_log(numbered(1000, first, width=4000))
            assert lines(quick, 1000)[-1].startswith(f"line {first + 999:08d}")
        assert process.memory_info().rss - before < 16 * MEGABYTE
        time.sleep(PATIENCE)  # no condition to wait for: the server has to see that nothing is read
        more, code = rest(slow)
    received += more
    assert (code, len(received) < 16_001) == (4408, True)
    with run.open_log(f"?frames=json&from={json.loads(received[-1])['end']}") as back:
        received += lines(back, 16_001 - len(received))
    assert [json.loads(frame)["line"] for frame in received] == numbered(16_001, width=4000).splitlines()


def test_a_long_history_is_sent_no_faster_than_it_is_read(new_run) -> None:
    run = new_run(logs=numbered(200_000, width=100))
    process = psutil.Process(run.server.process.pid)
    before = process.memory_info().rss
    with run.open_log("?from=0", max_queue=4) as client:
        received = 0
        while received < 200_000:
            lines(client, 1000)
            received += 1000
        assert process.memory_info().rss - before < 16 * MEGABYTE


class TestPatience:
    def test_a_client_that_is_not_far_behind_may_take_its_time(self) -> None:
        patience = Patience()
        for _ in range(1000):
            patience.record_wait(1.0, FAR_BEHIND)

    def test_a_client_that_reads_nothing_is_disconnected(self) -> None:
        patience = Patience()
        waited = 0.0
        with pytest.raises(FellBehind):
            while waited < 60:
                waited += 0.25
                patience.record_wait(0.25, FAR_BEHIND + 1)
        assert waited == pytest.approx(PATIENCE, abs=0.25)

    def test_a_client_slower_than_the_writer_is_disconnected(self) -> None:
        patience = Patience()
        with pytest.raises(FellBehind):
            for second in range(60):
                patience.record_wait(0.5, FAR_BEHIND + second * 1000)

    def test_a_client_that_catches_up_is_waited_for(self) -> None:
        patience = Patience()
        for behind in range(100 * FAR_BEHIND, FAR_BEHIND, -FAR_BEHIND // 4):
            patience.record_wait(0.5, behind)

    def test_one_burst_disconnects_no_client(self) -> None:
        patience = Patience()
        patience.record_wait(0.5, FAR_BEHIND + 1)
        for behind in range(50 * FAR_BEHIND, FAR_BEHIND, -FAR_BEHIND // 4):
            patience.record_wait(0.5, behind)
