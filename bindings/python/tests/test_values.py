"""Values that are made of JSON, without the library."""
from __future__ import annotations

import unittest

import dcache

CAUSE = {"kind": "file", "path": "go.mod", "change": "changed", "pattern": "go.mod", "line": 4}
STEP = {"stage": "build", "line": 5, "instruction": "RUN go mod download", "verdict": "miss", "cause": CAUSE, "follows": 4}
EXPLANATION = {"version": 1, "dockerfile": "Dockerfile", "target": "1", "steps": [STEP], "paths": []}


class Values(unittest.TestCase):
    def test_are_made_of_json(self) -> None:
        cause = dcache.Cause(kind="file", path="go.mod", change="changed", pattern="go.mod", line=4)
        step = dcache.Step(stage="build", line=5, instruction="RUN go mod download", verdict="miss", cause=cause, follows=4)
        expected = dcache.Explanation(dockerfile="Dockerfile", target="1", steps=(step,))
        self.assertEqual(dcache.Explanation.from_json(EXPLANATION), expected)
        self.assertEqual(hash(dcache.Explanation.from_json(EXPLANATION)), hash(expected))

    def test_keep_members_that_are_not_known(self) -> None:
        step = dcache.Step.from_json({**STEP, "verdict": "new", "raw": 1, "seconds": 2, "cause": {**CAUSE, "size": 3}})
        self.assertEqual((step.verdict, step.raw["raw"], step.raw["seconds"]), ("new", 1, 2))
        assert step.cause is not None
        self.assertEqual(step.cause.raw["size"], 3)

    def test_need_their_members(self) -> None:
        with self.assertRaisesRegex(ValueError, "^this is not the JSON of a Step: .*'stage'"):
            dcache.Step.from_json({})

    def test_can_lack_what_is_null(self) -> None:
        finding = {"rule": "DC1009", "name": "n", "path": "p", "line": 1, "column": 1, "end_line": 1, "end_column": 2, "level": "info"}
        texts = {"message": "m", "remedy": "", "aliases": ["DL3007"], "fix": None}
        value = dcache.Finding.from_json({**finding, **texts})
        self.assertEqual((value.fix, value.aliases, value.level), (None, ("DL3007",), dcache.Level.INFO))

    def test_of_a_fix_that_creates_a_file(self) -> None:
        new_file = {"path": "/app/.dockerignore", "content": ".git\n"}
        fix = dcache.Fix.from_json({"description": "ignore it", "safe": False, "edits": [], "new_file": new_file})
        self.assertEqual(fix.new_file, dcache.NewFile(path="/app/.dockerignore", content=".git\n"))


if __name__ == "__main__":
    unittest.main()
