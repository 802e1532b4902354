"""Runs the examples in the README."""
from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import unittest
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


class Readme(unittest.TestCase):
    def test_examples_print_what_they_say(self) -> None:
        examples = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
        self.assertGreaterEqual(len(examples), 2)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("Dockerfile").write_text("FROM alpine:latest\nCOPY src /src\nRUN make -C /src\n", encoding="utf-8")
            Path("src").mkdir()
            Path("src/main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
            for code, printed in examples:
                with self.subTest(code=code), contextlib.redirect_stdout(io.StringIO()) as output:
                    exec(compile(code, str(README), "exec"), {})
                self.assertEqual(output.getvalue(), printed)
        self.assertNotEqual(os.getcwd(), folder)


if __name__ == "__main__":
    unittest.main()
