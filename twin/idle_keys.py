"""Keys of files that would do nothing are refused rather than taken."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

IDLE = "idle_key"
"""Type of the pydantic error; its context holds the ``key`` below the model, and what was found."""


def refuse_idle(
    model: BaseModel, because: str, *names: str, within: tuple[str | int, ...] = ()
) -> None:
    """Refuse the first of some keys that says something other than its default.

    Parameters
    ----------
    because : why the keys do nothing here, such as ``with control: fixed``
    names : fields of the model
    within : where the model lies in the one that is being validated; left out: it is that one

    Raises
    ------
    PydanticCustomError : a key is given; `located` gives its place
    """
    for name in names:
        field = type(model).model_fields[name]
        value = getattr(model, name)
        if name in model.model_fields_set and value != field.default:
            word = field.alias or name
            raise PydanticCustomError(
                IDLE,
                "{word} has no effect {because}",
                {"word": word, "because": because, "key": (*within, word)},
            )


def located(error: Any, key: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Key of one of pydantic's errors: of an idle key itself, not of the model that has it."""
    return (*key, *error["ctx"]["key"]) if error["type"] == IDLE else key
