"""The workspace: texts and answers."""
from __future__ import annotations

import contextlib
import json
import os
import threading
import warnings
import weakref
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Literal, NoReturn

from ._library import library
from ._values import Explanation, Finding, FixedText, Rule

StrPath = str | os.PathLike[str]

_CANCEL_AGAIN = 0.05  # seconds


class Workspace:
    """Lints Dockerfiles, fixes them, and says which steps of a build rebuild.

    ::

        with dcache.Workspace() as workspace:
            findings = workspace.lint("Dockerfile")

    A workspace keeps what it read until :meth:`files_changed` is called, so a second answer takes much less time than the first one. Texts
    that are set hide files on the disk: Dockerfiles, ignore files, configurations and every file of a build context.

    A relative path is relative to the current folder; a path must be UTF-8. Calls fail with :class:`dcache.Error` if the library reports
    an error, and with ValueError after :meth:`close`. All methods can be called from several threads at once, and other threads continue
    while one waits for an answer.
    """

    def __init__(
        self,
        *,
        files: Literal["disk", "memory"] = "disk",
        context: StrPath | None = None,
        config: StrPath | None = None,
        target: str | None = None,
        platform: str | None = None,
        build_args: Mapping[str, str] | None = None,
        builder: Literal["buildkit", "classic", "buildah"] | None = None,
        shellcheck: StrPath | None = None,
        hash_store: StrPath | None = None,
        profile: str | None = None,
        select: Sequence[str] | None = None,
        ignore: Sequence[str] | None = None,
        levels: Mapping[str, str] | None = None,
    ) -> None:
        """Makes a workspace.

        :param files: ``"memory"`` for only the texts that are set
        :param context: the build context of all Dockerfiles; by default the folder of each one
        :param config: the configuration for all files; by default the nearest ``.dcache.toml`` or ``.hadolint.yaml``
        :param target: the stage to build; by default the last one
        :param platform: the platform to build for, such as ``"linux/arm64"``
        :param build_args: the build arguments
        :param builder: the builder whose cache is modelled; by default the one that ``.dcache.toml`` or CI names
        :param shellcheck: the path of ShellCheck; by default it is not run
        :param hash_store: a folder for hashes of files, which are kept between runs
        :param profile: the profile of rules, such as ``"hadolint"``
        :param select: run only these rules
        :param ignore: do not run these rules
        :param levels: report these rules at another level: ``{"DC1009": "error"}``
        """
        options = {
            "files": files,
            "context": _absolute(context),
            "config": _absolute(config),
            "target": target,
            "platform": platform,
            "buildArgs": None if build_args is None else dict(build_args),
            "builder": builder,
            "shellcheck": None if shellcheck is None else os.fspath(shellcheck),
            "hashStore": _absolute(hash_store),
            "profile": profile,
            "select": None if select is None else list(select),
            "ignore": None if ignore is None else list(ignore),
            "levels": None if levels is None else dict(levels),
        }
        self._library = library()
        given = {name: value for name, value in options.items() if value is not None}
        self._pointer: int | None = self._library.ask("dcache_workspace_new", json.dumps(given).encode())
        if self._pointer is None:
            raise MemoryError
        # No call is under way when the object is collected, but one may be in another thread when the program ends.
        self._free = weakref.finalize(self, self._library.call, "dcache_workspace_free", self._pointer)
        self._free.atexit = False
        self._calls = 0
        self._changed = threading.Condition()  # guards _pointer and _calls

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __copy__(self) -> NoReturn:
        raise TypeError("a workspace can't be copied: make another one")

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a workspace can't be pickled: make another one")

    def close(self) -> None:
        """Frees the workspace, after the calls of other threads have ended; those that can be cancelled are. Can be called again."""
        with self._changed:
            pointer, self._pointer = self._pointer, None
            if pointer is None:
                return
            # A call that is about to start is not cancelled by the first attempt.
            while self._calls > 0:
                self._library.call("dcache_workspace_cancel", pointer)
                self._changed.wait(_CANCEL_AGAIN)
        self._free()

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        """The workspace of the library, which is not freed during a call."""
        with self._changed:
            pointer = self._pointer
            if pointer is None:
                raise ValueError("the workspace is closed")
            self._calls += 1
        try:
            yield pointer
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()

    def set_text(self, path: StrPath, text: str | bytes) -> None:
        """Sets a text that is used instead of the file until :meth:`drop_text`. It does not have to be the text of a Dockerfile."""
        content = _content_of(text)
        with self._open() as pointer:
            self._library.call("dcache_workspace_set_text", pointer, _path_of(path), content, len(content))

    def edit_text(self, path: StrPath, begin: tuple[int, int], end: tuple[int, int], text: str | bytes) -> None:
        """Replaces a part of the text that is used, as editors report edits.

        :param begin: line and column, which start at 0; columns are UTF-16 code units, as in the Language Server Protocol
        :param end: the same, after the last character that is replaced
        """
        content = _content_of(text)
        if min(*begin, *end) < 0:
            raise ValueError("lines and columns start at 0")
        with self._open() as pointer:
            self._library.ask("dcache_workspace_edit_text", pointer, _path_of(path), *begin, *end, content, len(content))

    def drop_text(self, path: StrPath) -> None:
        """Uses the file again instead of the text that was set."""
        with self._open() as pointer:
            self._library.call("dcache_workspace_drop_text", pointer, _path_of(path))

    def files_changed(self) -> None:
        """To be called after files on the disk changed: the workspace reads them again when it needs them."""
        with self._open() as pointer:
            self._library.call("dcache_workspace_files_changed", pointer)

    def stale(self) -> list[str]:
        """The files whose findings may have changed since :meth:`lint` was last called for them."""
        with self._open() as pointer:
            address = self._library.call("dcache_workspace_stale", pointer)
            if address is None:
                raise MemoryError
            paths: list[str] = json.loads(self._library.take(address))
        return paths

    def lint(self, path: StrPath, text: str | bytes | None = None) -> list[Finding]:
        """The findings in a Dockerfile, an ignore file, a GitHub workflow or a ``.gitlab-ci.yml``, in the order of the text.

        Warns (``RuntimeWarning``) if a rule needs a file that can't be read, such as an ignore file: its findings are missing.

        :param text: is set first, as with :meth:`set_text`, and stays set
        """
        if text is not None:
            self.set_text(path, text)
        with self._open() as pointer:
            answer = json.loads(self._library.ask_text("dcache_workspace_lint", pointer, _path_of(path)))
        for failure in answer["failures"]:
            warnings.warn(failure, RuntimeWarning, stacklevel=2)
        return [Finding.from_json(finding) for finding in answer["findings"]]

    def fix_finding(self, path: StrPath, finding: Finding | str) -> FixedText:
        """The text of a file with the fix of one finding applied, safe or not. The finding is of the same text, or the ``id`` of one."""
        name = finding if isinstance(finding, str) else finding.id
        if "\0" in name:  # C would see only what comes before it
            raise ValueError("the id of a finding can't contain a zero byte")
        with self._open() as pointer:
            answer = self._library.ask_text("dcache_workspace_fix_finding", pointer, _path_of(path), name.encode())
        return FixedText.from_json(json.loads(answer))

    def fix(self, path: StrPath, *, unsafe: bool = False) -> FixedText:
        """The text of a file with its safe fixes applied, or with all of them. Nothing is written.

        Bytes that are not UTF-8 are replaced in the answer: do not write it back if the file has some.
        """
        with self._open() as pointer:
            answer = self._library.ask_text("dcache_workspace_fix", pointer, _path_of(path), int(bool(unsafe)))
        return FixedText.from_json(json.loads(answer))

    def explain(
        self,
        dockerfile: StrPath,
        *,
        since: str | None = None,
        changed: Sequence[StrPath] | None = None,
        cache_from: Sequence[str] | None = None,
        call: str | None = None,
    ) -> Explanation:
        """Says which steps of an image rebuild, and why. Without ``since`` and ``changed`` it compares with :meth:`mark`.

        :param since: compare with this revision, such as ``"HEAD~1"``; it is looked up in the git repository of the build context
        :param changed: what rebuilds if these files change; their paths are relative to the build context
        :param cache_from: assume a builder that starts empty and imports what the earlier build exported, in this order:
            ``"none"``, ``"inline"``, ``"min"`` or ``"max"``, with ``":STAGE"`` for the cache of another stage, or
            ``"type=gha,mode=max"``; alone and without :meth:`mark`, nothing changed since then
        :param call: a name for :meth:`cancel`
        """
        question: dict[str, object] = {}
        if call is not None:
            question["call"] = call
        if cache_from is not None:
            if isinstance(cache_from, str):
                raise TypeError("cache_from is a list of imports, not one import")
            question["cacheFrom"] = list(cache_from)
        if since is not None and changed is not None:
            raise ValueError("give either since or changed")
        if since is not None:
            if not since:
                raise ValueError("since is empty: name a revision")
            question["since"] = since
        if changed is not None:
            if isinstance(changed, str):
                raise TypeError("changed is a list of paths, not one path")
            if not changed:
                raise ValueError("changed is empty: nothing rebuilds")
            question["changed"] = [os.fspath(path) for path in changed]
        with self._open() as pointer:
            answer = self._library.ask_text("dcache_workspace_explain", pointer, _path_of(dockerfile), json.dumps(question).encode())
        return Explanation.from_json(json.loads(answer))

    def mark(self, dockerfile: StrPath) -> None:
        """Notes the state of a build, for :meth:`explain`: call it after the image was built."""
        with self._open() as pointer:
            if self._library.ask("dcache_workspace_mark", pointer, _path_of(dockerfile)) != 0:
                raise MemoryError

    def cancel(self, call: str | None = None) -> None:
        """Ends the calls of :meth:`explain` and :meth:`mark` that are under way, or those of :meth:`explain` that have this name: they
        fail with :class:`dcache.Cancelled`.

        Called from another thread. Calls that start later are not affected. Python handles Ctrl-C only after a call has ended; a program
        that has to react at once makes the call in a thread, and cancels it.
        """
        with self._open() as pointer:
            if call is None:
                self._library.call("dcache_workspace_cancel", pointer)
            else:
                self._library.call("dcache_workspace_cancel_call", pointer, call.encode())


def find_dockerfiles(folder: StrPath = ".") -> list[str]:
    """The absolute paths of all Dockerfiles in a folder, except those that git ignores.

    Fails with :class:`dcache.Error` if it is not a folder, or a part of it can't be read.
    """
    paths: list[str] = json.loads(library().ask_text("dcache_find_dockerfiles", _path_of(folder)))
    return paths


def is_dockerfile(path: StrPath) -> bool:
    """Whether a file of that name is a Dockerfile: ``Dockerfile``, ``api.dockerfile``, ``Containerfile``. It need not exist."""
    return bool(library().call("dcache_is_dockerfile", _path_of(path)))


def rules() -> list[Rule]:
    """The catalogue of rules, as ``dcache rules`` lists it."""
    address = library().call("dcache_rules")
    if address is None:
        raise MemoryError
    return [Rule.from_json(rule) for rule in json.loads(library().take(address))]


def _content_of(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def _absolute(path: StrPath | None) -> str | None:
    return None if path is None else os.path.abspath(path)


def _path_of(path: StrPath) -> bytes:
    encoded = os.fsencode(os.path.abspath(path))
    if b"\0" in encoded:  # C would see only what comes before it
        raise ValueError("a path can't contain a zero byte")
    return encoded
