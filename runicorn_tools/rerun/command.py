"""The recorded command line, for another folder and interpreter, with secrets and changes filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runicorn.capture.redaction import MASK
from runicorn_tools.differences.facts import RunFacts
from runicorn_tools.rerun.sources import CELLS_SCRIPT

WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
"""Options of Python that are followed by a value."""


class NoCommand(Exception):
    """The command line cannot be repeated; the text is a sentence."""


@dataclass
class Command:
    """A command without its interpreter.

    Attributes:
        options: of the interpreter.
        program: the script, relative to the working directory or absolute, or `-m` and a module.
        arguments: of the program.
    """

    options: list[str]
    program: list[str]
    arguments: list[str]
    remarks: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        return [*self.options, *self.program, *self.arguments]


def of_run(run: RunFacts, secrets: Mapping[str, str]) -> Command:
    """Return the command of a run.

    Args:
        secrets: values of masked arguments by the name of their option, without dashes.

    Raises:
        NoCommand: it is not known, or contains what was not recorded.
    """
    words = run.command
    if run.cells and not run.sources.about.get("script"):
        return Command([], ["-m", "IPython"], ["--no-banner", "--quick", CELLS_SCRIPT])
    if not words:
        raise NoCommand("The run has no recorded command line.")
    options, rest = _split(words[1:] if _is_python(words[0]) else words)
    if not rest:
        raise NoCommand("The program was typed into an interactive interpreter.")
    if rest[0].startswith("-") and "c" in rest[0][1:2]:
        raise NoCommand("The program was passed by `python -c`, which is not recorded.")
    count = 2 if rest[0] == "-m" else 1
    program, arguments = rest[:count], _filled(rest[count:], secrets)
    if rest[0] in ("-", ""):
        raise NoCommand("The program was read from the standard input, which is not recorded.")
    return Command(options, program, arguments)


def _is_python(word: str) -> bool:
    return re.split(r"[/\\]", word)[-1].lower().startswith(("python", "pypy", "ipython"))


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    options: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word in ("-m", "-c", "-", "") or not word.startswith("-"):
            break
        if not word.startswith("--") and word.endswith("c") and word != "-c":
            return options, ["-c"]
        options.append(word)
        if word in WITH_VALUE and position + 1 < len(words):
            position += 1
            options.append(words[position])
        position += 1
    return options, list(words[position:])


def _filled(arguments: Sequence[str], secrets: Mapping[str, str]) -> list[str]:
    filled: list[str] = []
    for position, argument in enumerate(arguments):
        if MASK not in argument:
            filled.append(argument)
            continue
        name, separator, _ = argument.partition("=")
        if not separator:
            name = arguments[position - 1] if position else ""
        key = name.lstrip("-")
        if key not in secrets:
            raise NoCommand(
                f"The argument {name or position + 1} contains a secret, which is not recorded: pass it by "
                f"--secret {key or 'NAME'}=VALUE."
            )
        filled.append(f"{name}={secrets[key]}" if separator else secrets[key])
    return filled


def moved(command: Command, run: RunFacts, folder: Path) -> Command:
    """Return a command in which paths of the old folder are those of the new one, with remarks about other paths."""
    root = str(run.sources.about.get("root") or run.environment.get("working_dir") or "")

    def move(word: str) -> str:
        if root and (word == root or word.startswith(f"{root}/")):
            return f"{folder}{word[len(root) :]}"
        return word

    remarks = list(command.remarks)
    arguments = []
    for argument in command.arguments:
        name, separator, value = argument.partition("=")
        text = move(value if separator else argument)
        if os.path.isabs(text) and not text.startswith(str(folder)):
            state = "as it is now" if os.path.exists(text) else "which is not here"
            remarks.append(f"The argument {text} is data outside of sources and artifacts, {state}.")
        arguments.append(f"{name}={text}" if separator else text)
    program = [move(word) for word in command.program]
    return Command(command.options, program, arguments, remarks)
