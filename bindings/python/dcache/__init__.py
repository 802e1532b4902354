"""Lints Dockerfiles, and says which steps of a Docker build rebuild, and why, before you build."""
from ._errors import Cancelled, Error, LibraryError
from ._library import library_version
from ._values import Cause, ChangedPath, Edit, Explanation, Finding, Fix, FixedText, Level, NewFile, Step, Value, Verdict

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
    "Step",
    "Value",
    "Verdict",
    "library_version",
]
