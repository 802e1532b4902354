"""What the library answers, as values. They are made of the JSON that the command line prints too (docs/cli.md).

``raw`` of a value is the JSON object it was made of. A newer library can add members; they are only there.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

_Value = TypeVar("_Value", bound="Value")


class Level(StrEnum):
    """How serious a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    STYLE = "style"


class Verdict(StrEnum):
    """Whether a step is reused."""

    HIT = "hit"  #: reused
    MISS = "miss"  #: rebuilt
    DEPENDS = "depends"  #: reused only if an earlier step that rebuilds gives the same output
    UNKNOWN = "unknown"  #: only the registry or a server knows
    UNUSED = "unused"  #: the target does not need it


@dataclasses.dataclass(frozen=True, kw_only=True)
class Value:
    """What all values have. Values can be compared; ``raw`` does not count for that."""

    raw: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls: type[_Value], raw: Mapping[str, Any]) -> _Value:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {})


# The members that are values themselves, or arrays: how each is made of its JSON.
_Readers = Mapping[str, Callable[[Any], Any]]


def _value_of(cls: type[_Value], raw: Mapping[str, Any], readers: _Readers) -> _Value:
    members: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if field.name == "raw" or field.name not in raw:
            continue
        value = raw[field.name]
        members[field.name] = readers[field.name](value) if field.name in readers and value is not None else value
    try:
        return cls(**members, raw=raw)
    except TypeError as error:
        raise ValueError(f"this is not the JSON of a {cls.__name__}: {error}") from error


@dataclasses.dataclass(frozen=True, kw_only=True)
class Position(Value):
    """A place in a text, in all the units that editors use. All of them start at 0."""

    offset: int  #: in bytes, from the start of the text
    line: int
    byte: int  #: in its line
    utf16: int  #: in its line, in UTF-16 code units, as the Language Server Protocol counts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Range(Value):
    """A part of a text. The end is after its last character."""

    begin: Position
    end: Position

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Range:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {"begin": Position.from_json, "end": Position.from_json})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Edit(Value):
    """A change of a text. Lines and columns start at 1, columns count bytes, and the end is after the last byte."""

    line: int
    column: int
    end_line: int
    end_column: int
    replacement: str
    #: The same place for editors, which does not count if values are compared. None only if the value was made of the command line's JSON.
    range: Range | None = dataclasses.field(default=None, compare=False)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Edit:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {"range": Range.from_json})


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewFile(Value):
    """A file that a fix creates or replaces, usually the ignore file."""

    path: str
    content: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fix(Value):
    """A change that makes a finding go away. One that is not safe can change what the image contains."""

    description: str
    safe: bool
    edits: tuple[Edit, ...]
    new_file: NewFile | None = None
    unsafe_because: str = ""  #: why it is not safe; empty if it is

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Fix:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {"edits": _tuple_of(Edit.from_json), "new_file": NewFile.from_json})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding(Value):
    """What a rule says about an instruction. Lines and columns start at 1, columns count bytes, and the end is after the last byte."""

    rule: str  #: the code, such as ``"DC1009"``
    name: str  #: the name of the rule, such as ``"unpinned-base"``
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    level: str  #: one of :class:`Level`
    message: str  #: what is wrong
    remedy: str  #: what to do about it
    aliases: tuple[str, ...]  #: codes that other linters have for the rule
    fix: Fix | None = None
    id: str = ""  #: names the finding among those of the same text, for :meth:`Workspace.fix_finding`
    range: Range | None = dataclasses.field(default=None, compare=False)  #: as of :class:`Edit`

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Finding:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {"aliases": tuple, "fix": Fix.from_json, "range": Range.from_json})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule(Value):
    """A rule of the catalogue."""

    code: str  #: such as ``"DC1009"``
    name: str  #: such as ``"unpinned-base"``
    level: str  #: one of :class:`Level`
    origin: str  #: whose rule it is: ``"dcache"``, ``"BuildKit"`` or ``"hadolint"``
    fix: str  #: ``"yes"``, ``"unsafe"`` or ``"no"``
    on_by_default: bool
    summary: str  #: what it finds
    rationale: str  #: why that is bad
    bad: str  #: a Dockerfile that it finds something in
    good: str  #: the same, as it should be
    references: tuple[str, ...]  #: addresses to read more
    security_severity: str = ""  #: from ``"0.0"`` to ``"10.0"``, as SARIF has it; empty if it is not about security

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Rule:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {"references": tuple})


@dataclasses.dataclass(frozen=True, kw_only=True)
class FixedText(Value):
    """A text with its fixes applied. Nothing is written."""

    text: str
    fixed: int  #: how many findings are fixed
    new_files: tuple[NewFile, ...]

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> FixedText:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {"new_files": _tuple_of(NewFile.from_json)})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cause(Value):
    """What started it, if a step is not reused. ``kind`` says which of the members have a value: docs/cli.md has the list."""

    kind: str  #: ``"file"``, ``"instruction"``, ``"variable"``, ``"image"``, ``"stage"``, …
    line: int
    path: str = ""
    change: str = ""  #: of a file: ``"changed"``, ``"added"``, ``"deleted"``, …
    pattern: str = ""  #: the source in the instruction that selected the file
    name: str = ""
    stage: str = ""
    before: str = ""
    after: str = ""
    more: int = 0  #: further files that changed for the same step


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step(Value):
    """A step of a build: FROM of an image, RUN, COPY, ADD or WORKDIR; more instructions with other builders than BuildKit."""

    stage: str  #: the name of the stage, or its number
    line: int  #: the first line of the instruction
    instruction: str
    verdict: str  #: one of :class:`Verdict`
    cause: Cause | None = None  #: None for a hit
    follows: int | None = None  #: the line of the earlier step that makes this one rebuild; None if the cause is in the step itself

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Step:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {"cause": Cause.from_json})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChangedPath(Value):
    """What became of a path in ``changed``."""

    given: str
    path: str  #: from the context
    fate: str  #: ``"read"``, ``"not-read"``, ``"ignored"`` or ``"outside"``
    exists: bool = True
    pattern: str = ""  #: of an ignored path: the pattern in the ignore file, and its line
    pattern_line: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Explanation(Value):
    """The verdicts for the steps of an image."""

    dockerfile: str
    target: str  #: the name of the stage that is built, or its number
    steps: tuple[Step, ...]  #: in the order of the file
    paths: tuple[ChangedPath, ...] = ()  #: one for each path in ``changed``

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Explanation:
        """Makes the value of a JSON object. Fails with ValueError if a member is missing."""
        return _value_of(cls, raw, {"steps": _tuple_of(Step.from_json), "paths": _tuple_of(ChangedPath.from_json)})

    def with_verdict(self, verdict: str) -> list[Step]:
        """The steps that have this verdict: ``explanation.with_verdict("miss")``."""
        return [step for step in self.steps if step.verdict == verdict]


_Read = TypeVar("_Read")


def _tuple_of(read: Callable[[Any], _Read]) -> Callable[[list[Any]], tuple[_Read, ...]]:
    return lambda array: tuple(read(value) for value in array)
