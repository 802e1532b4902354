"""Finds and loads ``libdcache_c``, and calls it. Internal."""
from __future__ import annotations

import ctypes
import ctypes.util
import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ._errors import Cancelled, Error, LibraryError

# The C interface stays as it is within a major version. Functions are only added, so an older minor version may lack some.
MAJOR = 0
OLDEST_MINOR = 1

_NAMES = (f"libdcache_c.so.{MAJOR}", "libdcache_c.so")
_REMEDY = f"install the package libdcache-c{MAJOR}, or set DCACHE_LIBRARY to the path of libdcache_c.so"
_CANCELLED = re.compile(r"cancelled(;|$)")  # a remedy can follow, as for any other error
_POINTER = ctypes.c_void_p  # also for strings that the library gives out: they have to be freed, and c_char_p would lose the address
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "dcache_version": (ctypes.c_char_p, []),
    "dcache_string_free": (None, [_POINTER]),
    "dcache_workspace_new": (_POINTER, [ctypes.c_char_p, _POINTER]),
    "dcache_workspace_free": (None, [_POINTER]),
    "dcache_workspace_set_text": (None, [_POINTER, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]),
    "dcache_workspace_drop_text": (None, [_POINTER, ctypes.c_char_p]),
    "dcache_workspace_files_changed": (None, [_POINTER]),
    "dcache_workspace_lint": (_POINTER, [_POINTER, ctypes.c_char_p, _POINTER]),
    "dcache_workspace_fix": (_POINTER, [_POINTER, ctypes.c_char_p, ctypes.c_int, _POINTER]),
    "dcache_workspace_explain": (_POINTER, [_POINTER, ctypes.c_char_p, ctypes.c_char_p, _POINTER]),
    "dcache_workspace_mark": (ctypes.c_int, [_POINTER, ctypes.c_char_p, _POINTER]),
    "dcache_workspace_cancel": (None, [_POINTER]),
    "dcache_workspace_cancel_call": (None, [_POINTER, ctypes.c_char_p]),
    "dcache_workspace_edit_text": (
        ctypes.c_int,
        [_POINTER, ctypes.c_char_p, *[ctypes.c_uint] * 4, ctypes.c_char_p, ctypes.c_size_t, _POINTER],
    ),
    "dcache_workspace_stale": (_POINTER, [_POINTER]),
    "dcache_workspace_fix_finding": (_POINTER, [_POINTER, ctypes.c_char_p, ctypes.c_char_p, _POINTER]),
    "dcache_rules": (_POINTER, []),
    "dcache_find_dockerfiles": (_POINTER, [ctypes.c_char_p, _POINTER]),
    "dcache_is_dockerfile": (ctypes.c_int, [ctypes.c_char_p]),
}


class Library:
    """The functions of ``libdcache_c``. Python's lock is released while one runs, so other threads continue."""

    def __init__(self, path: str) -> None:
        """Loads the library from a file, or by a name that the system's loader finds. Fails with LibraryError."""
        self.path = path
        try:
            self._functions = ctypes.CDLL(path)
            for name, (result, arguments) in _SIGNATURES.items():
                function = getattr(self._functions, name)
                function.restype = result
                function.argtypes = arguments
        except (OSError, AttributeError) as error:
            raise LibraryError(f"can't use the dcache library: {error}; {_REMEDY}") from error
        version: bytes = self._functions.dcache_version()
        self.version = version.decode()
        check_version(self.version, path)

    def call(self, name: str, *arguments: object) -> Any:
        """Calls a function that can't fail."""
        return getattr(self._functions, name)(*arguments)

    def ask(self, name: str, *arguments: object) -> Any:
        """Calls a function whose last parameter is an error. Fails with what the function says."""
        error = ctypes.c_void_p()
        result = getattr(self._functions, name)(*arguments, ctypes.byref(error))
        if error.value is not None:
            message = self.take(error.value)
            raise Cancelled(message) if _CANCELLED.match(message) else Error(message)
        return result

    def ask_text(self, name: str, *arguments: object) -> str:
        """Like ask(), for a function that gives out a string."""
        address = self.ask(name, *arguments)
        if address is None:  # neither a result nor a message
            raise MemoryError
        return self.take(address)

    def take(self, address: int) -> str:
        """A string that the library gave out, which is freed. Bytes that are not UTF-8 are replaced."""
        try:
            return ctypes.string_at(address).decode("utf-8", "replace")
        finally:
            self._functions.dcache_string_free(address)


def check_version(version: str, path: str) -> None:
    """Fails with LibraryError if a library of this version can't be used."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers and int(numbers[1]) == MAJOR and int(numbers[2]) >= OLDEST_MINOR:
        return
    raise LibraryError(f"{path} is version {version}, but this package needs {MAJOR}.{OLDEST_MINOR} or later, before {MAJOR + 1}.0; {_REMEDY}")


def candidates() -> Iterator[str]:
    """Where the library can be, in the order of preference; DCACHE_LIBRARY allows no other place."""
    if named := os.environ.get("DCACHE_LIBRARY"):
        yield named
        return
    for name in _NAMES:  # in a wheel
        if (inside := Path(__file__).parent / name).exists():
            yield str(inside)
            return
    yield _NAMES[0]
    if found := ctypes.util.find_library("dcache_c"):
        yield found


@functools.cache
def library() -> Library:
    """The library, which is loaded at the first call. Fails with LibraryError."""
    failure = LibraryError(f"the dcache library is not installed; {_REMEDY}")
    for path in candidates():
        try:
            return Library(path)
        except LibraryError as error:
            failure = error
    raise failure


def library_version() -> str:
    """The version of ``libdcache_c``, such as ``"0.1.0"``.

    The library is found by the path in the environment variable ``DCACHE_LIBRARY``, in the folder of this package, or where the system
    keeps libraries. Fails with :class:`LibraryError`.
    """
    return library().version
