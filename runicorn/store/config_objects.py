"""Objects with named settings as mappings: dataclasses, namespaces, named tuples, attrs, pydantic, msgspec, OmegaConf.

None of these libraries is imported: their objects cannot exist before they are loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = "a dict, an argparse namespace, a dataclass, or an object of pydantic, attrs or OmegaConf"


def items_of(value: Any) -> Mapping[Any, Any] | None:
    """Return the settings of an object by name; None if it has none, as numbers, texts and lists."""
    if type(value) is dict:
        return value
    library = _library_of(value)
    if library is not None:
        return _items_of_omegaconf(library, value)
    if isinstance(value, Mapping):
        return value
    if isinstance(value, type):
        return None
    names = _field_names(type(value))
    if names is not None:
        extra = getattr(value, "model_extra", None) if hasattr(type(value), "__pydantic_fields__") else None
        return {**{name: getattr(value, name, None) for name in names}, **(extra or {})}
    argparse = sys.modules.get("argparse")
    if isinstance(value, SimpleNamespace) or (argparse and isinstance(value, argparse.Namespace)):
        return vars(value)
    return None


def list_of(value: Any) -> list[Any] | tuple[Any, ...] | None:
    """Return a list, a tuple, or a list of OmegaConf; None for anything else."""
    if isinstance(value, (list, tuple)):
        return value
    library = _library_of(value)
    plain = None if library is None else _resolved_list(library, value)
    return plain if isinstance(plain, list) else None


def _library_of(value: Any) -> Any:
    """Return the class `OmegaConf` if the value is one of its configs."""
    library: Any = getattr(sys.modules.get("omegaconf"), "OmegaConf", None)
    return library if library is not None and library.is_config(value) else None


def _field_names(kind: type) -> Iterable[str] | None:
    """Return the names of the fields that a class declares; None if it declares none."""
    # `__fields__` is that of pydantic 1, and in version 2 a property that warns.
    for attribute in ("__dataclass_fields__", "__pydantic_fields__", "__struct_fields__", "__fields__"):
        fields = getattr(kind, attribute, None)
        if isinstance(fields, dict) or (attribute == "__struct_fields__" and isinstance(fields, tuple)):
            return list(fields)
    attributes = getattr(kind, "__attrs_attrs__", None)
    if isinstance(attributes, tuple):
        return [each.name for each in attributes]
    return kind._fields if issubclass(kind, tuple) and hasattr(kind, "_fields") else None


def _items_of_omegaconf(library: Any, config: Any) -> Mapping[Any, Any] | None:
    """Return the values of a DictConfig; one that cannot be resolved as it is written, such as "???" or "${missing}"."""
    raw = library.to_container(config, resolve=False)
    if not isinstance(raw, dict):
        return None
    return {key: _resolved(library, config, key, text) for key, text in raw.items()}


def _resolved(library: Any, config: Any, key: Any, raw: Any) -> Any:
    if library.is_missing(config, key):
        return raw
    try:
        value = config[key]
    except ValueError:
        return raw
    return value


def _resolved_list(library: Any, config: Any) -> Any:
    try:
        return library.to_container(config, resolve=True)
    except ValueError:
        return library.to_container(config, resolve=False)
