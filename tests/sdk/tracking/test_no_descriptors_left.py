"""A process without file descriptors: no call of the library raises, and what it can keep is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sdk.tracking.scripts import Script

EXHAUST = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
def exhaust():
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return held
"""
CALLS = """
rn.log({"loss": 1.0})
rn.log_text("words")
rn.log_table("t", [{"a": 1}])
rn.log_histogram("h", [1.0, 2.0])
rn.log_image("i", b"png")
rn.set_primary_metric("loss", "min")
rn.summary({"a": 1})
rn.get_active_run().config["b"] = "text"
assert rn.MetricMonitor().check_metrics({"loss": float("nan")})
rn.AnomalyDetector(); rn.AlertRule("loss", "nan"); rn.MetricsExporter; rn.Artifact("x"); rn.EnvironmentCapture()
rn.finish()
print("trained", flush=True)
"""
INIT = "rn.init(config={'a': 'text'}, tags=['t'], capture_console=True)\n"


@pytest.mark.parametrize(
    "begin", ["held = exhaust()\n" + INIT, INIT + "held = exhaust()\n"], ids=["before", "after"]
)
def test_nothing_raises_and_the_run_is_whole(script: Callable[..., Script], begin: str) -> None:
    ended = script(EXHAUST + begin + CALLS)
    assert ended.end() == 0, ended.stderr
    assert "trained" in ended.stdout and "Traceback" not in ended.stderr
    run = ended.run
    assert run.status == "finished" and run.steps() == [1] and "words" in run.log()
    assert run.json("config") == {"a": "text", "b": "text"} and run.json("summary")["a"] == 1
    assert [len(run.events(kind)) for kind in ("table", "histogram", "image")] == [1, 1, 1]


def test_descriptors_of_a_daemon_are_not_closed(script: Callable[..., Script]) -> None:
    ended = script(
        "os.closerange(3, 100)\nfds = [os.open(sys.executable, os.O_RDONLY) for _ in range(20)]\n"
        "run = rn.init(capture_env=False, system_metrics=False); run.config['a'] = 'b'; run.finish()\n"
        "[os.fstat(fd) for fd in fds]; print(len(fds))"
    )
    assert ended.end() == 0 and ended.stdout == "20\n", ended.stderr
