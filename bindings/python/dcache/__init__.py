"""Lints Dockerfiles, and says which steps of a Docker build rebuild, and why, before you build.

::

    import dcache

    with dcache.Workspace() as workspace:
        for finding in workspace.lint("Dockerfile"):
            print(f"line {finding.line}: {finding.message} [{finding.rule}]")

The work is done by ``libdcache_c``, which is loaded when the first :class:`Workspace` is made.
"""
from ._errors import Cancelled, Error, LibraryError
from ._library import library_version
from ._values import (
    Cause,
    ChangedPath,
    Edit,
    Explanation,
    Finding,
    Fix,
    FixedText,
    Level,
    NewFile,
    Position,
    Range,
    Rule,
    Step,
    Value,
    Verdict,
)
from ._workspace import StrPath, Workspace, find_dockerfiles, is_dockerfile, rules

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Cause",
    "ChangedPath",
    "Edit",
    "Error",
    "Explanation",
    "Finding",
    "Fix",
    "FixedText",
    "Level",
    "LibraryError",
    "NewFile",
    "Position",
    "Range",
    "Rule",
    "Step",
    "StrPath",
    "Value",
    "Verdict",
    "Workspace",
    "find_dockerfiles",
    "is_dockerfile",
    "library_version",
    "rules",
]
