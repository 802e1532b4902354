"""How the library is found, and what is said if it is not."""
from __future__ import annotations

import re
import unittest
from pathlib import Path
from unittest import mock

import dcache
from dcache import _library


def places(*, variable: str = "", system: str | None = None) -> list[str]:
    with mock.patch.dict("os.environ", {"DCACHE_LIBRARY": variable}), mock.patch("ctypes.util.find_library", return_value=system):
        return list(_library.candidates())


class Finds(unittest.TestCase):
    def test_what_the_variable_names_and_nothing_else(self) -> None:
        self.assertEqual(places(variable="/opt/libdcache_c.so", system="libdcache_c.so.0"), ["/opt/libdcache_c.so"])

    def test_the_library_in_the_package_first(self) -> None:
        with mock.patch("pathlib.Path.exists", return_value=True):
            self.assertEqual(places(system="found"), [str(Path(dcache.__file__).parent / "libdcache_c.so.0")])

    def test_what_the_system_has(self) -> None:
        with mock.patch("pathlib.Path.exists", return_value=False):
            self.assertEqual(places(system="found"), ["libdcache_c.so.0", "found"])
            self.assertEqual(places(), ["libdcache_c.so.0"])


class SaysWhatIsWrong(unittest.TestCase):
    def setUp(self) -> None:
        _library.library.cache_clear()
        self.addCleanup(_library.library.cache_clear)

    def message_for(self, path: str) -> str:
        with mock.patch.dict("os.environ", {"DCACHE_LIBRARY": path}), self.assertRaises(dcache.LibraryError) as caught:
            dcache.library_version()
        self.assertIsInstance(caught.exception, ImportError)
        self.assertIsInstance(caught.exception, dcache.Error)
        return str(caught.exception)

    def test_if_there_is_no_such_file(self) -> None:
        message = self.message_for("/nowhere/libdcache_c.so")
        self.assertIn("/nowhere/libdcache_c.so", message)
        self.assertIn("install the package libdcache-c0, or set DCACHE_LIBRARY", message)

    def test_if_it_is_not_a_library(self) -> None:
        self.assertIn(__file__, self.message_for(__file__))

    def test_if_it_is_another_library(self) -> None:
        self.assertIn("dcache_version", self.message_for("libc.so.6"))

    def test_if_its_version_cannot_be_used(self) -> None:
        for version, can_be_used in (("0.1.0", True), ("0.1.1", True), ("0.10.0", True), ("0.0.9", False), ("1.0.0", False), ("", False)):
            with self.subTest(version=version):
                if can_be_used:
                    _library.check_version(version, "libdcache_c.so")
                else:
                    with self.assertRaisesRegex(dcache.LibraryError, "needs 0.1 or later, before 1.0; install"):
                        _library.check_version(version, "libdcache_c.so")


class Recognizes(unittest.TestCase):
    def test_what_a_cancelled_call_says(self) -> None:
        for message, cancelled in (
            ("cancelled", True),
            ("cancelled; name the build context with --context", True),
            ("can't read cancelled", False),
            ("cancelled/Dockerfile:1:1: COPY", False),
        ):
            with self.subTest(message=message):
                self.assertEqual(_library._CANCELLED.match(message) is not None, cancelled)


class Agrees(unittest.TestCase):
    def test_with_the_version_of_the_library(self) -> None:
        self.assertEqual(dcache.__version__, dcache.library_version())

    def test_with_the_functions_in_the_header(self) -> None:
        header = Path(__file__).resolve().parents[3] / "lib/dcache/dcache_c.h"
        if not header.exists():
            self.skipTest("the header is not here")
        declared = re.findall(r"^DCACHE_API .*?\b(dcache_\w+)\(", header.read_text(encoding="utf-8"), re.MULTILINE)
        self.assertEqual(sorted(declared), sorted(_library._SIGNATURES))


if __name__ == "__main__":
    unittest.main()
