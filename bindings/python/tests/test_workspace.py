"""The workspace, with the library."""
from __future__ import annotations

import copy
import os
import pickle
import subprocess
import tempfile
import threading
import unittest
from collections.abc import Callable
from pathlib import Path

import dcache


def in_memory(texts: dict[str, str | bytes]) -> dcache.Workspace:
    workspace = dcache.Workspace(files="memory")
    for path, text in texts.items():
        workspace.set_text(path, text)
    return workspace


class Workspaces(unittest.TestCase):
    def test_are_not_copied(self) -> None:
        makers: list[Callable[[object], object]] = [copy.copy, copy.deepcopy, pickle.dumps]
        with dcache.Workspace(files="memory") as workspace:
            for make in makers:
                with self.assertRaisesRegex(TypeError, "a workspace can't be"):
                    make(workspace)

    def test_take_edits_of_editors(self) -> None:
        with in_memory({"/app/Dockerfile": "FROM scratch\nCOPY \U0001f600 /a\n"}) as workspace:
            workspace.edit_text("/app/Dockerfile", (1, 8), (1, 10), "/b")
            self.assertEqual(workspace.fix("/app/Dockerfile").text, "FROM scratch\nCOPY \U0001f600 /b\n")
            with self.assertRaisesRegex(ValueError, "start at 0"):
                workspace.edit_text("/app/Dockerfile", (-1, 0), (0, 0), "")
            with self.assertRaises(dcache.Error):
                workspace.edit_text("/app/none", (0, 0), (0, 0), "")

    def test_place_findings_for_editors(self) -> None:
        with in_memory({"/app/Dockerfile": "FROM scratch\nCOPY \U0001f600 /a\nENV a b\n"}) as workspace:
            finding = next(finding for finding in workspace.lint("/app/Dockerfile") if finding.rule == "LegacyKeyValueFormat")
        assert finding.range is not None and finding.fix is not None
        begin = finding.range.begin
        self.assertEqual((begin.offset, begin.line, begin.byte, begin.utf16), (26, 2, 0, 0))
        edit = finding.fix.edits[0]
        assert edit.range is not None
        self.assertEqual((edit.range.begin.line + 1, edit.range.begin.byte + 1), (edit.line, edit.column))

    def test_say_which_files_are_stale(self) -> None:
        with in_memory({"/app/Dockerfile": "FROM scratch\n"}) as workspace:
            workspace.lint("/app/Dockerfile")
            self.assertEqual(workspace.stale(), [])
            workspace.set_text("/app/Dockerfile", bytearray(b"FROM a\n"))
            self.assertEqual(workspace.stale(), ["/app/Dockerfile"])


class Files(unittest.TestCase):
    def test_are_found(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "Dockerfile").write_text("FROM scratch\n")
            self.assertEqual(dcache.find_dockerfiles(folder), [os.path.join(folder, "Dockerfile")])
            with self.assertRaises(dcache.Error):
                dcache.find_dockerfiles(Path(folder, "none"))
        self.assertTrue(dcache.is_dockerfile("api.dockerfile"))
        self.assertFalse(dcache.is_dockerfile("main.c"))

    def test_have_rules(self) -> None:
        rules = {rule.code: rule for rule in dcache.rules()}
        self.assertEqual((rules["DC1001"].name, rules["DC1001"].origin), ("copy-before-deps", "dcache"))
        self.assertTrue(rules["DC1001"].references)
        self.assertIn(rules["DC1009"].level, list(dcache.Level))


class Lints(unittest.TestCase):
    def test_a_text(self) -> None:
        with dcache.Workspace(files="memory") as workspace:
            [finding] = workspace.lint("/app/Dockerfile", "FROM alpine:latest\n")
        self.assertEqual((finding.rule, finding.name, finding.level), ("DC1009", "unpinned-base", dcache.Level.WARNING))
        self.assertEqual((finding.path, finding.line, finding.column, finding.end_column), ("/app/Dockerfile", 1, 6, 19))
        self.assertEqual((finding.aliases, finding.fix), (("DL3007",), None))
        self.assertEqual(finding.raw["rule"], "DC1009")
        self.assertIn("alpine:latest", finding.message)
        self.assertIn("sha256", finding.remedy)

    def test_a_text_stays_set_until_it_is_dropped(self) -> None:
        with dcache.Workspace(files="memory") as workspace:
            workspace.lint("/app/Dockerfile", "FROM alpine:latest\n")
            self.assertEqual(len(workspace.lint("/app/Dockerfile")), 1)
            workspace.drop_text("/app/Dockerfile")
            with self.assertRaisesRegex(dcache.Error, "^can't read /app/Dockerfile: "):
                workspace.lint("/app/Dockerfile")

    def test_warns_of_an_ignore_file_that_can_not_be_read(self) -> None:
        with tempfile.TemporaryDirectory() as folder, dcache.Workspace() as workspace:
            os.mkfifo(Path(folder, ".dockerignore"))
            with self.assertWarnsRegex(RuntimeWarning, "it is not a regular file"):
                workspace.lint(Path(folder, "Dockerfile"), "FROM scratch\nCOPY a /a\n")

    def test_with_a_fix(self) -> None:
        with in_memory({"/app/Dockerfile": "FROM scratch\ncopy a /\n", "/app/a": "1"}) as workspace:
            [finding] = workspace.lint("/app/Dockerfile")
        edit = dcache.Edit(line=2, column=1, end_line=2, end_column=5, replacement="COPY")
        self.assertEqual(finding.fix, dcache.Fix(description="write COPY", safe=True, edits=(edit,)))

    def test_and_fixes_one_finding(self) -> None:
        with in_memory({"/app/Dockerfile": "FROM scratch\ncopy a /\nMAINTAINER me\nCOPY b /\n"}) as workspace:
            [finding] = [one for one in workspace.lint("/app/Dockerfile") if one.rule == "ConsistentInstructionCasing"]
            fixed = workspace.fix_finding("/app/Dockerfile", finding)
            self.assertEqual(fixed.text, "FROM scratch\nCOPY a /\nMAINTAINER me\nCOPY b /\n")
            with self.assertRaisesRegex(dcache.Error, "has no finding 'DC1001@7'"):
                workspace.fix_finding("/app/Dockerfile", "DC1001@7")
            with self.assertRaisesRegex(ValueError, "zero byte"):
                workspace.fix_finding("/app/Dockerfile", finding.id + "\0x")

    def test_with_rules_of_its_options(self) -> None:
        with dcache.Workspace(files="memory", select=["DC1009"], levels={"DC1009": "error"}) as workspace:
            [finding] = workspace.lint("/app/Dockerfile", "FROM alpine:latest\nMAINTAINER me\n")
        self.assertEqual((finding.rule, finding.level), ("DC1009", dcache.Level.ERROR))
        with self.assertRaisesRegex(dcache.Error, "unknown profile 'hadolnt'; did you mean 'hadolint'"):
            dcache.Workspace(profile="hadolnt")

    def test_any_bytes(self) -> None:
        texts: list[str | bytes] = ["", "\0", "FROM scratch\nLABEL a=\0b\n", "FROM scratch\nLABEL a=\u00e4\U0001f600\n", b"FROM scratch\nLABEL a=\xff\n"]
        for text in texts:
            with self.subTest(text=text), dcache.Workspace(files="memory") as workspace:
                for finding in workspace.lint("/app/Dockerfile", text):
                    self.assertEqual(finding.path, "/app/Dockerfile")

    def test_a_file_relative_to_the_current_folder(self) -> None:
        with tempfile.TemporaryDirectory() as folder, dcache.Workspace() as workspace:
            dockerfile = Path(folder, "Dockerfile")
            dockerfile.write_text("FROM alpine:latest\n")
            relative = os.path.relpath(dockerfile)
            paths: list[dcache.StrPath] = [str(dockerfile), dockerfile, relative, Path(relative)]
            for path in paths:
                with self.subTest(path=path):
                    self.assertEqual([finding.path for finding in workspace.lint(path)], [str(dockerfile)])

    def test_files_again_after_they_changed(self) -> None:
        with tempfile.TemporaryDirectory() as folder, dcache.Workspace() as workspace:
            dockerfile = Path(folder, "Dockerfile")
            dockerfile.write_text("FROM alpine:latest\n")
            self.assertEqual(len(workspace.lint(dockerfile)), 1)
            dockerfile.write_text("FROM scratch\n")
            workspace.files_changed()
            self.assertEqual(workspace.lint(dockerfile), [])

    def test_with_a_configuration(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, "dcache.toml")
            config.write_text('ignore = ["DC1009"]\n')
            with dcache.Workspace(config=config) as workspace:
                self.assertEqual(workspace.lint(Path(folder, "Dockerfile"), "FROM alpine:latest\n"), [])


class Fixes(unittest.TestCase):
    def test_what_is_safe(self) -> None:
        with in_memory({"/app/Dockerfile": "FROM scratch\ncopy a /\n", "/app/a": "1"}) as workspace:
            self.assertEqual(workspace.fix("/app/Dockerfile"), dcache.FixedText(text="FROM scratch\nCOPY a /\n", fixed=1, new_files=()))

    def test_what_is_unsafe_only_if_asked(self) -> None:
        text = "FROM debian@sha256:" + "0" * 64 + "\nRUN apt-get update && apt-get install -y curl\n"
        with in_memory({"/app/Dockerfile": text}) as workspace:
            self.assertNotIn("--mount=type=cache", workspace.fix("/app/Dockerfile").text)
            self.assertIn("--mount=type=cache", workspace.fix("/app/Dockerfile", unsafe=True).text)


class Explains(unittest.TestCase):
    TEXTS: dict[str, str | bytes] = {
        "/app/Dockerfile": "FROM scratch AS base\nCOPY src /src\nRUN make\nCOPY other /\n",
        "/app/src/a": "1",
        "/app/other": "1",
        "/app/.dockerignore": "ignored\n",
        "/app/ignored": "1",
    }

    def test_changed_files(self) -> None:
        with in_memory(self.TEXTS) as workspace:
            explanation = workspace.explain("/app/Dockerfile", changed=["other", Path("ignored")])
        self.assertEqual((explanation.dockerfile, explanation.target), ("/app/Dockerfile", "base"))
        self.assertEqual([(step.line, step.verdict) for step in explanation.steps], [(2, "hit"), (3, "hit"), (4, "miss")])
        [step] = explanation.with_verdict(dcache.Verdict.MISS)
        self.assertEqual((step.stage, step.instruction, step.follows), ("base", "COPY other /", None))
        self.assertEqual(step.cause, dcache.Cause(kind="file", path="other", change="changed", pattern="other", line=4))
        self.assertIsNone(explanation.steps[0].cause)
        read, ignored = explanation.paths
        self.assertEqual(read, dcache.ChangedPath(given="other", path="other", fate="read"))
        self.assertEqual((ignored.fate, ignored.pattern, ignored.pattern_line), ("ignored", "ignored", 1))

    def test_steps_that_follow(self) -> None:
        with in_memory(self.TEXTS) as workspace:
            explanation = workspace.explain("/app/Dockerfile", changed=["src/a"])
        self.assertEqual([(step.verdict, step.follows) for step in explanation.steps], [("miss", None), ("miss", 2), ("miss", 3)])

    def test_since_a_mark(self) -> None:
        with in_memory(self.TEXTS) as workspace:
            with self.assertRaises(dcache.Error):
                workspace.explain("/app/Dockerfile")
            workspace.mark("/app/Dockerfile")
            self.assertEqual(workspace.explain("/app/Dockerfile").with_verdict("miss"), [])
            workspace.set_text("/app/other", "2")
            self.assertEqual([step.line for step in workspace.explain("/app/Dockerfile").with_verdict("miss")], [4])

    def test_since_a_revision(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            git = ["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@t"]
            Path(folder, "Dockerfile").write_text("FROM scratch\nCOPY a /\n")
            Path(folder, "a").write_text("1")
            for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
                subprocess.run([*git, *command], check=True)
            Path(folder, "a").write_text("22")
            with dcache.Workspace() as workspace:
                try:
                    [step] = workspace.explain(Path(folder, "Dockerfile"), since="HEAD").steps
                except dcache.Error as error:
                    if "libgit2" in str(error):
                        self.skipTest(str(error))
                    raise
                with self.assertRaises(dcache.Error):
                    workspace.explain(Path(folder, "Dockerfile"), since="nothing")
        self.assertEqual(step.verdict, "miss")

    def test_with_the_options_of_the_build(self) -> None:
        dockerfile = "FROM scratch AS first\nARG name\nCOPY $name /\nFROM scratch\nCOPY nothing* /\n"
        workspace = dcache.Workspace(
            files="memory", context="/context", target="first", build_args={"name": "a"}, builder="classic", platform="linux/arm64"
        )
        with workspace:
            workspace.set_text("/app/Dockerfile", dockerfile)
            workspace.set_text("/context/a", "1")
            explanation = workspace.explain("/app/Dockerfile", changed=["a"])
        # The classic builder has a step for ARG too.
        self.assertEqual((explanation.target, [step.verdict for step in explanation.steps]), ("first", ["hit", "miss", "unused"]))
        assert (cause := explanation.steps[1].cause) is not None
        self.assertEqual((cause.path, cause.pattern), ("a", "a"))

    def test_for_a_worker_that_imports_a_cache(self) -> None:
        dockerfile = "FROM scratch AS build\nCOPY a /\nCOPY b /\nFROM scratch\nCOPY --from=build /a /\n"
        with in_memory({"/app/Dockerfile": dockerfile, "/app/a": "1", "/app/b": "1"}) as workspace:
            verdicts = {
                mode: [step.verdict for step in workspace.explain("/app/Dockerfile", changed=["b"], cache_from=[mode]).steps]
                for mode in ("min", "max")
            }
            self.assertEqual(workspace.explain("/app/Dockerfile", cache_from=["max"]).with_verdict("miss"), [])
            with self.assertRaises(dcache.Error):
                workspace.explain("/app/Dockerfile", changed=["b"], cache_from=["maxx"])
        self.assertEqual(verdicts, {"min": ["miss", "miss", "hit"], "max": ["hit", "miss", "hit"]})

    def test_no_question_that_means_another_one(self) -> None:
        with in_memory(self.TEXTS) as workspace:
            for question, error in (
                ({"since": "HEAD", "changed": ["a"]}, ValueError),
                ({"since": ""}, ValueError),
                ({"changed": []}, ValueError),
                ({"changed": "src"}, TypeError),
                ({"cache_from": "max"}, TypeError),
            ):
                with self.subTest(question=question), self.assertRaises(error):
                    workspace.explain("/app/Dockerfile", **question)  # type: ignore[arg-type]


class Fails(unittest.TestCase):
    def test_for_options_that_cannot_be_used(self) -> None:
        with self.assertRaisesRegex(dcache.Error, "unknown builder 'make'"):
            dcache.Workspace(builder="make")  # type: ignore[arg-type]
        with self.assertRaisesRegex(dcache.Error, '"files"'):
            dcache.Workspace(files="tape")  # type: ignore[arg-type]

    def test_with_one_line_for_each_problem(self) -> None:
        with in_memory({"/app/Dockerfile": "FROM scratch\nCOPY\nNOTHING\n"}) as workspace:
            with self.assertRaises(dcache.Error) as caught:
                workspace.explain("/app/Dockerfile", changed=["a"])
            self.assertRegex(str(caught.exception), "^/app/Dockerfile:2:1: .*\n/app/Dockerfile:3:1: ")
            with self.assertRaisesRegex(dcache.Error, "^/app/Dockerfile:2:1: "):
                workspace.mark("/app/Dockerfile")

    def test_for_a_path_that_c_would_cut(self) -> None:
        with dcache.Workspace(files="memory") as workspace, self.assertRaises(ValueError):
            workspace.lint("/app/Dockerfile\0", "FROM scratch\n")

    def test_after_it_was_closed(self) -> None:
        workspace = dcache.Workspace(files="memory")
        workspace.close()
        workspace.close()
        calls: list[Callable[[], object]] = [workspace.cancel, workspace.files_changed, lambda: workspace.lint("/app/Dockerfile")]
        for call in calls:
            with self.assertRaises(ValueError):
                call()


class Threads(unittest.TestCase):
    def test_share_a_workspace(self) -> None:
        with dcache.Workspace(files="memory") as workspace:
            found: list[int] = []

            def lint(number: int) -> None:
                for _ in range(50):
                    found.append(len(workspace.lint(f"/app{number}/Dockerfile", "FROM alpine:latest\n" * (number + 1))))

            threads = [threading.Thread(target=lint, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(found), 200)


class LongCalls(unittest.TestCase):
    """What takes long is the hashing of 32 GB, which take no room on the disk."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dockerfile = Path(folder.name, "Dockerfile")
        self.dockerfile.write_text("FROM scratch\nCOPY . /\n")
        for number in range(2000):
            with open(Path(folder.name, f"file{number}"), "wb") as file:
                file.truncate(16 << 20)

    def ends_with(self, end: Callable[[dcache.Workspace], None]) -> BaseException | None:
        """What a long call fails with if `end` is done again and again during it."""
        workspace = dcache.Workspace()
        failures: list[BaseException] = []

        def call() -> None:
            try:
                workspace.mark(self.dockerfile)
            except (dcache.Error, ValueError) as error:
                failures.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        while thread.is_alive():
            end(workspace)
            thread.join(0.01)
        workspace.close()
        return failures[0] if failures else None

    def test_can_cancel_a_call(self) -> None:
        self.assertIsInstance(self.ends_with(dcache.Workspace.cancel), dcache.Cancelled)

    def test_can_close_the_workspace_during_a_call(self) -> None:
        # ValueError: it was closed before the call started.
        self.assertIsInstance(self.ends_with(dcache.Workspace.close), (dcache.Cancelled, ValueError))


if __name__ == "__main__":
    unittest.main()
