"""`mlflow.data`: datasets, which `log_input` accepts and does not store."""

from __future__ import annotations

import sys
from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.unknown import UnknownMethods


class Dataset(UnknownMethods):
    """Data of a training in memory.

    Attributes:
        name, source, targets, predictions, digest: as the script gave them.
    """

    _foreign_name = "mlflow.data.Dataset"

    def __init__(
        self,
        source: Any = None,
        *,
        name: str | None = None,
        digest: str | None = None,
        targets: Any = None,
        predictions: Any = None,
    ) -> None:
        self.source, self.digest, self.targets, self.predictions = source, digest, targets, predictions
        self.name = name or "dataset"

    def to_dict(self) -> dict[str, str]:
        return {"name": self.name, "digest": str(self.digest or ""), "source": str(self.source or "")}


class PandasDataset(Dataset):
    """A data frame, of pandas or of another library.

    Attributes:
        df: the data frame.
    """

    def __init__(self, df: Any, source: Any = None, **options: Any) -> None:
        super().__init__(source, **options)
        self.df = df


class NumpyDataset(Dataset):
    """Arrays.

    Attributes:
        features: an array, or arrays by name.
    """

    def __init__(self, features: Any, source: Any = None, **options: Any) -> None:
        super().__init__(source, **options)
        self.features = features


class HuggingFaceDataset(Dataset):
    """A dataset of Hugging Face.

    Attributes:
        ds: the dataset.
    """

    def __init__(self, ds: Any, source: Any = None, **options: Any) -> None:
        super().__init__(source, **options)
        self.ds = ds


def from_pandas(
    df: Any,
    source: Any = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> PandasDataset:
    """Return a dataset whose `df` is the data frame."""
    return PandasDataset(df, source, name=name, digest=digest, targets=targets, predictions=predictions)


from_polars = from_pandas


def from_spark(df: Any = None, path: str | None = None, *arguments: Any, **options: Any) -> PandasDataset:
    """Return a dataset whose `df` is the data frame."""
    return PandasDataset(df, path, **_common(options))


def from_numpy(
    features: Any, source: Any = None, targets: Any = None, name: str | None = None, digest: str | None = None
) -> NumpyDataset:
    """Return a dataset whose `features` are the arrays."""
    return NumpyDataset(features, source, name=name, digest=digest, targets=targets)


def from_tensorflow(
    features: Any, source: Any = None, targets: Any = None, name: str | None = None, digest: str | None = None
) -> NumpyDataset:
    """Return a dataset whose `features` are the tensors."""
    return NumpyDataset(features, source, name=name, digest=digest, targets=targets)


def from_huggingface(ds: Any, path: str | None = None, *arguments: Any, **options: Any) -> HuggingFaceDataset:
    """Return a dataset whose `ds` is the one of Hugging Face."""
    return HuggingFaceDataset(ds, path, **_common(options))


def _common(options: dict[str, Any]) -> dict[str, Any]:
    return {key: options[key] for key in ("name", "digest", "targets", "predictions") if key in options}


dataset = pandas_dataset = numpy_dataset = huggingface_dataset = polars_dataset = spark_dataset = sys.modules[
    __name__
]
__getattr__ = names_of("mlflow.data", "runicorn.compat.mlflow")
