"""Lints Dockerfiles, and says which steps of a Docker build rebuild, and why, before you build."""
from ._values import Cause, ChangedPath, Edit, Explanation, Finding, Fix, FixedText, Level, NewFile, Step, Value, Verdict

__version__ = "0.1.0"

__all__ = [
    "Cause",
    "ChangedPath",
    "Edit",
    "Explanation",
    "Finding",
    "Fix",
    "FixedText",
    "Level",
    "NewFile",
    "Step",
    "Value",
    "Verdict",
]
