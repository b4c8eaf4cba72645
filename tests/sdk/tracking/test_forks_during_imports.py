"""A process forked while another thread imports a module of the library on first use can import it too."""

from __future__ import annotations

from collections.abc import Callable

from tests.sdk.tracking.scripts import Script

SLOW_IMPORTS = """
import importlib.machinery, threading

class SlowLoader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        begun.set()
        time.sleep(0.01)
        super().exec_module(module)

class SlowFinder:
    def find_spec(self, name, path=None, target=None):
        if not name.startswith("runicorn."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin:
            spec.loader = SlowLoader(spec.loader.name, spec.loader.path)
        return spec

begun = threading.Event()
sys.meta_path.insert(0, SlowFinder())

def fork_during(call):
    "Fork at each import of another thread that executes `call`; return the forks, and the children that hung."
    thread, forks, hung = threading.Thread(target=call), 0, 0
    thread.start()
    while thread.is_alive():
        if not begun.wait(0.01):
            continue
        begun.clear()
        pid = os.fork()
        if pid == 0:
            signal.alarm(30)
            call()
            os._exit(0)
        forks += 1
        if os.waitpid(pid, 0)[1]:
            hung += 1
            break
    thread.join()
    return forks, hung
"""


def test_a_child_uses_the_public_names_that_another_thread_was_importing(
    script: Callable[..., Script],
) -> None:
    ended = script(
        SLOW_IMPORTS + "forks = 0\n"
        "for name in ['notebook', *rn.__all__]:\n"
        "    times, hung = fork_during(lambda: getattr(rn, name))\n"
        "    forks += times\n"
        "    if hung: print(name); break\n"
        "print(forks >= 10)"
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "True\n", "the child hung while it imported this name"


def test_a_child_uses_methods_of_a_run_that_another_thread_was_calling_for_the_first_time(
    script: Callable[..., Script],
) -> None:
    ended = script(
        SLOW_IMPORTS + "rn.notebook('a paragraph')\n"
        "run = rn.init(capture_env=False, system_metrics=False)\n"
        "calls = {\n"
        "    'alert': lambda: run.alert('a title'),\n"
        "    'define_metric': lambda: run.define_metric('loss', goal='min'),\n"
        "    'log_samples': lambda: run.log_samples('answers', [{'id': 'a'}]),\n"
        "    'log_table': lambda: run.log_table('table', [{'a': 1}]),\n"
        "    'config': lambda: run.config.update({'lr': 1}),\n"
        "    'log_artifact': lambda: run.log_artifact(rn.Artifact('model', 'model').add_file(sys.argv[1])),\n"
        "    'use_artifact': lambda: run.use_artifact('model:latest'),\n"
        "    'resume': lambda: rn.init(run_id=run.id, resume=True, capture_env=False, system_metrics=False),\n"
        "}\n"
        "forks = 0\n"
        "for name, call in calls.items():\n"
        "    times, hung = fork_during(call)\n"
        "    forks += times\n"
        "    if hung: print(name); break\n"
        "print(forks >= 8)",
        __file__,
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "True\n", "the child hung in this method"
