#!/usr/bin/env python3
"""Writes what the fuzzing engine starts from, taken from fixtures, recorded answers and tests: seeds.py FOLDER MOST

Each target has a folder in FOLDER, with at most MOST files. What stands between zero bytes in an input is a part of it: see the targets.
"""
import hashlib
import json
import lzma
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = os.environ.get("DCACHE_SHARED_DIR", "")
LITERAL = re.compile(r'R"(\w*)\((.*?)\)\1"|"((?:[^"\\\n]|\\.)*)"', re.DOTALL)
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


def unescaped(text):
    def one(match):
        what = match.group(1)
        if what[0] == "x" and len(what) > 1:
            return chr(int(what[1:], 16))
        return LETTERS.get(what, what)

    return ESCAPE.sub(one, text)


def literals(path):
    """The string literals of a C++ file, those side by side as one."""
    text = (ROOT / path).read_text()
    found, end = [], -1
    for match in LITERAL.finditer(text):
        value = match.group(2) if match.group(2) is not None else unescaped(match.group(3))
        if found and not text[end:match.start()].strip():
            found[-1] += value
        else:
            found.append(value)
        end = match.end()
    return found


def json_lines(path):
    with lzma.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


def texts_in(value):
    """All strings in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


class Seeds:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def add(self, target, text, most=20_000):
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        if not data or len(data) > most:
            return
        path = self.folder / target / hashlib.sha1(data).hexdigest()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def is_dockerfile(text):
    return re.search(r"^\s*FROM\s", text, re.MULTILINE | re.IGNORECASE) is not None


def add_dockerfiles(seeds):
    texts = [path.read_text() for path in ROOT.glob("fixtures/*/Dockerfile*") if path.suffix != ".dockerignore"]
    for path in ROOT.glob("tests/conformance/recorded/*.xz"):
        for record in json_lines(path):
            texts += [text for text in texts_in(record) if is_dockerfile(text)]
    for path in ROOT.glob("tests/rules/cases/*.txt"):
        for case in re.split(r"^====.*\n", path.read_text(), flags=re.MULTILINE):
            texts.append("".join(line for line in case.splitlines(True) if not line.startswith(("+++", "###"))))
    for path in ROOT.glob("tests/*/*_test.cc"):
        texts += [text for text in literals(path.relative_to(ROOT)) if is_dockerfile(text)]
    for text in texts:
        seeds.add("dockerfile", text)
        seeds.add("build", text + "\0*.md\n!a.md\nsrc/*.o\n\0a=1\0src/a.c=2\0src/a.o=\0go.mod=m\0b.md=x")


def add_words(seeds):
    for case in json.loads((ROOT / "tests/dockerfile/expansions.json").read_text()):
        for flags in "\0\1\2\4\10\20":
            seeds.add("expand", flags + case["text"] + "\0v=val\0path=/a/b.c\0empty=")
    for text in literals("tests/shell/script_test.cc"):
        seeds.add("shell", text)
    for path in ROOT.glob("fixtures/*/Dockerfile*"):
        for run in re.findall(r"^RUN (.*?[^\\])$", path.read_text(), re.MULTILINE | re.DOTALL):
            seeds.add("shell", run)
    recorded = json.loads((ROOT / "tests/ignore/recorded.json").read_text())
    paths = [path.rstrip("/") for path in recorded["tree"]]
    for number, text in enumerate(set(texts_in({k: v for k, v in recorded.items() if k != "tree"}))):
        some = paths[number % 7 :: 7]
        seeds.add("ignore", text + "\0" + "\0".join(some))
        seeds.add("glob", text.split("\n")[0] + "\0" + "\0".join(some))
    for text in literals("tests/text/text_test.cc"):
        seeds.add("glob", text + "\0" + text)


def add_settings(seeds):
    for text in literals("tests/lint/config_test.cc"):
        seeds.add("settings", text)
        seeds.add("hadolint-config", text)
    seeds.add("baseline", '{"version":1,"findings":{"Dockerfile":["0123456789abcdef","f"],"b/Dockerfile":[]}}')


def add_definitions(seeds):
    sources = {"compose": ["compose", "yaml", "images"], "skaffold": ["skaffold"], "workflow": ["workflow"],
               "gitlab": ["gitlab_ci"], "bake": ["bake"], "bake-json": ["bake"]}
    for target, names in sources.items():
        for name in names:
            for text in literals(f"tests/project/{name}_test.cc"):
                if "\n" in text or "{" in text:
                    seeds.add(target, text)
    for text in literals("tests/project/hcl_test.cc"):
        seeds.add("bake", f'target "default" {{\n  args = {{ V = {text} }}\n}}\n')
        seeds.add("bake", text)
    seeds.add("skaffold", (ROOT / "fixtures/go-monorepo/skaffold.yaml").read_text())
    for path in ROOT.glob(".github/workflows/*.y*ml"):
        seeds.add("workflow", path.read_text())
    if not SHARED:
        return
    for record in json_lines(f"{SHARED}/oracle/bake.jsonl.xz"):
        for name, text in record["files"].items():
            target = "bake" if name.endswith(".hcl") else "bake-json" if name.endswith(".json") else "compose"
            seeds.add(target, text)
    for record in json_lines(f"{SHARED}/oracle/skaffold.jsonl.xz"):
        for text in record["files"].values():
            seeds.add("skaffold", text)


def add_protocols(seeds):
    opened = {"uri": "file:///d/Dockerfile", "languageId": "dockerfile", "version": 1,
              "text": "FROM alpine AS a\nRUN apk add curl\nCOPY . .\nFROM a\nCOPY --from=a /x /y\n"}
    place = {"textDocument": {"uri": opened["uri"]}, "position": {"line": 3, "character": 6}}
    change = {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 3}}, "text": "ENV A=1\n"}
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    asked = {"hover": place, "definition": place, "references": {**place, "context": {"includeDeclaration": True}},
             "completion": place, "documentSymbol": place, "foldingRange": place, "documentLink": place,
             "prepareRename": place, "rename": {**place, "newName": "b"}, "codeLens": place, "inlayHint": {**place, "range": whole},
             "codeAction": {**place, "range": whole, "context": {"diagnostics": []}},
             "formatting": {**place, "options": {"tabSize": 2, "insertSpaces": True}}, "semanticTokens/full": place,
             "diagnostic": place, "selectionRange": {**place, "positions": [place["position"]]}}

    def message(method, params, number=None):
        return json.dumps({"jsonrpc": "2.0", **({} if number is None else {"id": number}), "method": method, "params": params})

    hello = [message("initialize", {"capabilities": {}, "rootUri": None}, 1), message("initialized", {})]
    edits = [message("textDocument/didOpen", {"textDocument": opened}),
             message("textDocument/didChange", {"textDocument": {"uri": opened["uri"], "version": 2}, "contentChanges": [change]})]
    goodbye = [message("shutdown", None, 99), message("exit", None)]
    for number, (name, params) in enumerate(asked.items()):
        lines = hello + edits + [message("textDocument/" + name, params, number + 2)] + goodbye
        seeds.add("lsp", "\n".join(lines))
        seeds.add("framing", "".join(f"Content-Length: {len(line)}\r\n\r\n{line}" for line in lines))
    # Compose and bake files, whole, with Windows' line ends, and cut off; the last one goes deep.
    compose = ("x-a: &a {A: 1}\nservices:\n  web:\n    build: {context: ., target: b, args: {V: 1}}\n    environment: *a\n    networks: [n]\n"
               "  api:\n    extends: web\n    image: \"é\"\nnetworks:\n  n:\n")
    bake = ('variable "TAG" { default = "1" }\nfunction "f" {\n  params = [x]\n  result = upper(x)\n}\ntarget "web" {\n'
            '  args = {\n    V = f(TAG)\n  }\n  tags = ["é:${TAG}"]\n  dockerfile-inline = <<EOT\nFROM a\nEOT\n}\n')
    for name, text in (("compose.yaml", compose), ("docker-bake.hcl", bake)):
        for written in (text, text.replace("\n", "\r\n"), text[: len(text) // 2], text.split("\n")[0] + "[{" * 300 + '"${' * 300):
            document = {"uri": "file:///d/" + name, "languageId": "yaml", "version": 1, "text": written}
            params = {**place, "textDocument": {"uri": document["uri"]}, "range": whole, "positions": [place["position"]], "newName": "b",
                      "context": {"includeDeclaration": True, "diagnostics": []}, "options": {"tabSize": 2, "insertSpaces": True}}
            methods = [*asked, "documentHighlight", "rangeFormatting", "onTypeFormatting", "semanticTokens/range", "signatureHelp"]
            requests = [message("textDocument/" + method, params, number + 2) for number, method in enumerate(methods)]
            seeds.add("lsp", "\n".join([*hello, message("textDocument/didOpen", {"textDocument": document}), *requests, *goodbye]))
    seeds.add("durations", '{"version":1,"steps":[["0123456789abcdef0123456789abcdef",1.5],["f",0],["00000000000000000000000000000000",1e9]]}')
    seeds.add("framing", "content-length:2\r\nContent-Type: x; charset=utf-8\r\n\r\n{}Content-Length: 0\r\n\r\n")


def add_logs(seeds):
    for path in ("tests/observe/log_reader_test.cc", "tests/observe/timeline_test.cc"):
        for text in literals(path):
            if text.startswith(("#", "{")):
                seeds.add("log", text + "\0FROM a AS b\nRUN x\nFROM b\nCOPY --from=b / /\n")
    if SHARED:
        for record in json_lines(f"{SHARED}/oracle/logs.jsonl.xz"):
            for text in [record["plain"], *record["rawjson"]]:
                seeds.add("log", text + "\0" + record["after"]["dockerfile"])


def main():
    seeds = Seeds(sys.argv[1])
    for add in (add_dockerfiles, add_words, add_settings, add_definitions, add_protocols, add_logs):
        add(seeds)
    for folder in sorted(seeds.folder.iterdir()):
        for path in sorted(folder.iterdir())[int(sys.argv[2]):]:
            path.unlink()
        print(f"{folder.name}: {len(list(folder.iterdir()))}")


main()
