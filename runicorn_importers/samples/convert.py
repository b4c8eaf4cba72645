"""Conversion of the pickles of miles and slime (`rollout_data/<n>.pt`, with `train_data`) to `<n>.samples.jsonl` beside them.

Loading a pickle runs code that is in it, so that only the user's own command does it, in the environment with their torch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn_importers.samples.miles import CONVERTED
from runicorn_importers.samples.rank_files import RankFiles, rank_files

DROPPED = frozenset(
    {
        *("rollout_routed_experts", "rollout_indexer_topk", "multimodal_train_inputs", "multimodal_inputs"),
        *("rollout_top_p_token_ids", "rollout_top_p_token_offsets"),
    }
)
"""Tensors that no view shows."""
TRAINED = {
    "log_probs": "train_logprobs",
    "advantages": "advantages",
    "entropy": "entropies",
    "ref_log_probs": "ref_logprobs",
    "ref_entropy": "ref_entropy",
    "returns": "returns",
}
"""Columns of the train data of miles, and of slime in version 2, by the names that they get."""


def convert(folder: Path) -> Iterator[Path]:
    """Write the samples of each pickle that has changed since the last conversion; yield the written files.

    The trainer writes its values after the rollout: a pickle of them that comes later changes the samples, too.

    Raises:
        ImportError: torch is not installed.
        OSError: a file could not be read or written.
    """
    from torch import load  # type: ignore[import-not-found,unused-ignore]

    for path in sorted((folder / "rollout_data").glob("*.pt")):
        target = path.with_name(f"{path.stem}{CONVERTED}")
        trained = [*(folder / "train_data").glob(path.name), *rank_files(folder, path.stem)]
        # Before they are read: what is written meanwhile is converted the next time.
        changed = max(source.stat().st_mtime_ns for source in (path, *trained))
        if target.exists() and target.stat().st_mtime_ns >= changed:
            continue
        content = load(path, map_location="cpu", weights_only=False)
        rows = _samples(content, _trained(folder, path, load))
        text = "".join(json.dumps(row, default=_plain) + "\n" for row in rows)
        _platform.replace_file(target, text.encode())
        os.utime(target, ns=(changed, changed))
        yield target


def _samples(content: Any, trained: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, sample in enumerate(content.get("samples") or ()):
        fields = sample if isinstance(sample, dict) else vars(sample)
        row = {key: value for key, value in fields.items() if key not in DROPPED}
        index = row.pop("index", None)
        yield {"sample_index": number if index is None else index, **row, **trained(fields)}


def _trained(
    folder: Path, path: Path, load: Callable[..., Any]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that returns what the trainer computed for a sample."""
    side = folder / "train_data" / path.name
    if not side.is_file():
        return RankFiles(rank_files(folder, path.stem), TRAINED, load).fields
    content = load(side, map_location="cpu", weights_only=False)
    by_index = {
        sample.get("sample_index"): {name: sample[key] for key, name in TRAINED.items() if key in sample}
        for sample in content.get("samples") or ()
        if isinstance(sample, dict)
    }
    return lambda sample: by_index.get(sample.get("index"), {})


def _plain(value: Any) -> Any:
    """Return a tensor as lists, an enumeration as its value, and anything else as its text."""
    for name in ("tolist", "value"):
        part = getattr(value, name, None)
        if part is not None:
            return part() if callable(part) else part
    return str(value)
