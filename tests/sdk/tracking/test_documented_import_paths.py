"""Documented import paths, and what importing them loads."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

import runicorn
from runicorn import extensions, sdk
from tests.processes import PROJECT

CALLBACKS = {
    "runicorn.integrations.keras": "keras",
    "runicorn.integrations.lightning": "lightning",
    "runicorn.integrations.transformers": "transformers",
    "runicorn.integrations.xgboost": "xgboost",
}
"""Modules of callbacks, and the library that each needs."""
PATHS = {
    "runicorn": "init log log_text log_image log_table log_histogram log_artifact use_artifact summary finish"
    " set_primary_metric get_active_run Run Artifact ArtifactType ArtifactError Config RunExists InvalidName"
    " InvalidRunId MetricMonitor AlertRule AnomalyDetector MetricsExporter EnvironmentCapture enabled is_enabled"
    " set_enabled reset_enabled __version__",
    "runicorn.sdk": "Run get_active_run init",
    "runicorn.config": "Config get_config_file_path get_rate_limit_config get_user_root_dir load_user_config"
    " set_user_root_dir",
    "runicorn.extensions": "AlertRule AnomalyDetector EnvironmentCapture EnvironmentInfo MetricMonitor MetricsExporter"
    " capture_for_run create_monitor_callback",
    "runicorn.artifacts": "Artifact ArtifactError ArtifactStorage ArtifactType create_artifact_storage",
    "runicorn.manifest": "ExperimentEntry FileEntry ManifestGenerator ManifestSyncClient ManifestType SyncManifest",
    "runicorn.manifest.cli": "main",
    "runicorn.remote_storage.manifest_sync": "ManifestSyncClient",
    "runicorn.api": "connect RunicornClient RunicornAPIError ConnectionError NotFoundError BadRequestError ServerError"
    " AuthenticationError ConflictError RateLimitError Experiment MetricPoint MetricSeries Artifact RemoteSession"
    " Project ArtifactsAPI RemoteAPI utils",
    "runicorn.api.exceptions": "RunicornAPIError ConnectionError NotFoundError BadRequestError ServerError"
    " AuthenticationError ConflictError RateLimitError",
    "runicorn.api.utils": "metrics_to_dataframe experiments_to_dataframe export_metrics_to_csv compare_runs",
    "runicorn.cli": "main",
    **dict.fromkeys(CALLBACKS, "RunicornCallback"),
}
"""Import paths that the documentation and scripts for Runicorn 0.5 use, with their names."""
LOADED_LATER = """
    capture.console capture.environment capture.git capture.machine capture.process_stats capture.redaction
    capture.sampler capture.terminal_lines alerts.monitors media.histograms media.tables
    legacy.logging_handler
"""


# Each in an interpreter of its own: modules that import each other fail only for the one that is imported first.
@pytest.mark.parametrize("path", PATHS)
def test_a_documented_path_can_be_imported_first(path: str) -> None:
    library = CALLBACKS.get(path)
    if library and importlib.util.find_spec(library) is None:
        pytest.skip(f"not installed: {library}")
    code = f"from {path} import {', '.join(PATHS[path].split())}"
    env = {**os.environ, "KERAS_BACKEND": "torch"}  # its default is TensorFlow
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=env, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("name", sorted({*extensions.__all__} & {*runicorn.__all__}))
def test_a_name_of_extensions_is_the_same_object_in_runicorn(name: str) -> None:
    assert getattr(runicorn, name) is getattr(extensions, name)


@pytest.mark.parametrize("name", sdk.__all__)
def test_a_name_of_sdk_is_the_same_object_in_runicorn(name: str) -> None:
    assert getattr(runicorn, name) is getattr(sdk, name)


def test_neither_import_nor_init_loads_background_capture_exporters_media_and_logging() -> None:
    modules = [
        "logging",
        "runicorn_tools.export.exporters",
        *(f"runicorn.{name}" for name in LOADED_LATER.split()),
    ]
    code = (
        "import sys, importlib.util, runicorn as rn\n"
        "run = rn.init(mode='disabled')\nrun.log(loss=1)\nrun.finish()\n"
        f"modules = {modules}\n"
        "print([name for name in modules if name in sys.modules])\n"
        "print([name for name in modules if importlib.util.find_spec(name) is None])\n"
    )
    output = subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, text=True)
    assert output.split() == ["[]", "[]"]
