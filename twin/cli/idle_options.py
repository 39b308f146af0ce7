"""Options that would do nothing are refused rather than taken."""

from __future__ import annotations

import typer

from twin.errors import InputError


def refuse_idle(context: typer.Context | None, because: str, *names: str) -> None:
    """Raise InputError for the first of some options that was given on the command line.

    Parameters
    ----------
    context : None where the command is called from Python, whose arguments are all meant
    because : why they do nothing here, such as ``without --record``
    names : the command's parameters
    """
    if context is None:
        return
    for parameter in context.command.params:
        if parameter.name not in names:
            continue
        source = context.get_parameter_source(parameter.name)
        if source is not None and source.name == "COMMANDLINE":
            option = "/".join(
                max(words, key=len) for words in (parameter.opts, parameter.secondary_opts) if words
            )
            raise InputError(f"{option} has no effect {because}", key=option)
