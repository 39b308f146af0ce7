"""What a pydantic model allows at a key path: its keys, and their descriptions, for messages."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

Key = tuple[str | int, ...]


def _model_at(model: Any, key: Key) -> Any:
    """Type that stands at a key path of a model: a model class, another annotation, or None."""
    import typing

    current: Any = model
    for part in key:
        candidates = _flatten(current)
        following = None
        for candidate in candidates:
            if (
                isinstance(part, str)
                and isinstance(candidate, type)
                and (issubclass(candidate, BaseModel))
            ):
                for name, field in candidate.model_fields.items():
                    if part in (name, field.alias):
                        following = field.annotation
            elif isinstance(part, int) and typing.get_origin(candidate) in (tuple, list):
                following = typing.get_args(candidate)[0]
        if following is None:
            return None
        current = following
    return current


def _flatten(annotation: Any) -> list[Any]:
    """Members of a union (or Annotated) type."""
    import types
    import typing

    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return [kind for part in typing.get_args(annotation) for kind in _flatten(part)]
    if origin is typing.Annotated:
        return _flatten(typing.get_args(annotation)[0])
    return [annotation]


def keys_at(model: type[BaseModel], key: Key) -> list[str]:
    """Keys a model allows at a key path."""
    return [
        field.alias or name
        for candidate in _flatten(_model_at(model, key))
        if isinstance(candidate, type) and issubclass(candidate, BaseModel)
        for name, field in candidate.model_fields.items()
    ]


def described(model: type[BaseModel], key: Key) -> str:
    """Description of the field at a key path, for messages; empty where there is none."""
    names = [part for part in key if isinstance(part, str)]
    while key and isinstance(key[-1], int):
        key = key[:-1]
    if not names or not key:
        return ""
    for candidate in _flatten(_model_at(model, key[:-1])):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            for name, field in candidate.model_fields.items():
                if key[-1] in (name, field.alias):
                    return field.description or ""
    return ""
