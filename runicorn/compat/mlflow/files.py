"""Artifacts of MLflow's fluent calls: files of the active run, stored as one version when it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from runicorn.compat import media
from runicorn.compat.guard import guarded
from runicorn.compat.mlflow.runs import require_run
from runicorn.compat.saved_files import FILES, target
from runicorn.store.values import described


def log_artifact(local_path: Any, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Copy a file, or a folder with its name, into the files of the run."""
    source = Path(local_path)
    if not source.exists():
        raise FileNotFoundError(f"No such file or directory: {local_path}")
    inside = "/".join(part for part in (artifact_path, source.name) if part)
    if source.is_dir():
        log_artifacts(source, inside, run_id)
        return
    with guarded(f"log_artifact({str(local_path)!r})"):
        shutil.copy2(source, target(require_run(run_id).ours, inside))


def log_artifacts(local_dir: Any, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Copy the files below a folder into the files of the run."""
    run, base = require_run(run_id).ours, Path(local_dir)
    with guarded(f"log_artifacts({str(local_dir)!r})"):
        for path in sorted(base.rglob("*")):
            if path.is_file():
                inside = path.relative_to(base).as_posix()
                shutil.copy2(path, target(run, f"{artifact_path}/{inside}" if artifact_path else inside))


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    _write(artifact_file, str(text).encode("utf-8", "replace"), run_id)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Write a dict as JSON, or as YAML if the name ends so."""
    plain = {str(key): described(value) for key, value in dict(dictionary).items()}
    if artifact_file.endswith((".yml", ".yaml")):
        with guarded(f"log_dict({artifact_file!r})"):
            import yaml

            log_text(yaml.safe_dump(plain, allow_unicode=True), artifact_file, run_id)
        return
    log_text(json.dumps(plain, indent=2, ensure_ascii=False), artifact_file, run_id)


def log_stream(stream: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Write the content of an open file as a file of the run."""
    content = stream.read()
    _write(artifact_file, content if isinstance(content, bytes) else str(content).encode(), run_id)


def log_figure(
    figure: Any,
    artifact_file: str,
    *,
    save_kwargs: dict[str, Any] | None = None,
    run_id: str | None = None,
) -> None:
    """Store a Matplotlib figure as an image of the run and as a file, a Plotly figure as HTML or JSON."""
    run = require_run(run_id).ours
    with guarded(f"log_figure({artifact_file!r})"):
        if hasattr(figure, "savefig"):
            figure.savefig(target(run, artifact_file), **(save_kwargs or {}))
            content, suffix = media.encode_image(figure)
            run.log_file("image", Path(artifact_file).stem, content, suffix, caption=None)
        elif artifact_file.endswith(".html"):
            log_text(figure.to_html(include_plotlyjs="cdn"), artifact_file, run_id)
        else:
            log_text(figure.to_json(), artifact_file, run_id)


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = False,
    run_id: str | None = None,
) -> None:
    """Store an image of the run under `key`, or the name of the file; with a file name as a file, too."""
    run = require_run(run_id).ours
    with guarded(f"log_image({artifact_file or key!r})"):
        content, suffix = media.encode_image(image)
        name = key or Path(artifact_file or "image").stem
        run.log_file(
            "image", name, content, suffix, step, timestamp / 1000 if timestamp else None, caption=None
        )
        if artifact_file:
            target(run, artifact_file).write_bytes(content)


def log_table(data: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Store a table of the run, and add its rows to a file that `load_table` reads."""
    run = require_run(run_id).ours
    with guarded(f"log_table({artifact_file!r})"):
        columns = {str(key): list(value) for key, value in _columns(data).items()}
        file, rows = target(run, artifact_file), _as_rows(columns)
        if file.exists():
            rows = json.loads(file.read_text(encoding="utf-8")) + rows
        file.write_text(json.dumps(described(rows), ensure_ascii=False), encoding="utf-8")
        media.store_table(run, Path(artifact_file).stem, rows, None, None)


def load_table(artifact_file: str, run_ids: list[str] | None = None, **options: Any) -> Any:
    """Return a table of the active run as a data frame of pandas."""
    import pandas as pd

    path = require_run().ours.run_dir / FILES / artifact_file
    return pd.DataFrame.from_records(json.loads(path.read_text(encoding="utf-8")))


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Return the address of the files of the active run, or of one of them."""
    base = require_run().info.artifact_uri
    return f"{base}/{artifact_path}" if artifact_path else base


def _columns(data: Any) -> dict[str, Any]:
    if hasattr(data, "itertuples"):
        return {name: data[name].tolist() for name in data.columns}
    return {
        key: value if isinstance(value, (list, tuple)) or hasattr(value, "tolist") else [value]
        for key, value in dict(data).items()
    }


def _as_rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    length = max(map(len, columns.values()), default=0)
    return [
        {name: described(values[n]) if n < len(values) else None for name, values in columns.items()}
        for n in range(length)
    ]


def _write(artifact_file: str, content: bytes, run_id: str | None) -> None:
    run = require_run(run_id).ours
    with guarded(f"the file {artifact_file!r}"):
        target(run, artifact_file).write_bytes(content)
