#!/usr/bin/env python3
"""Stands between an editor and `dcache lsp` and writes down what both say, for tests/lsp/server_recorded_test.cc.

DCACHE_PROGRAM is the program, DCACHE_RECORD the file to write. Each line of it is an object with one member: "client" or "server",
a message; or "files", the files of the current folder where they differ from what they were. The current folder is /project in it.
"""
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path.cwd()
record = open(os.environ["DCACHE_RECORD"], "w", encoding="utf-8")
lock = threading.Lock()


def write(who, what):
    with lock:
        print(json.dumps({who: what}, ensure_ascii=False).replace(str(ROOT), "/project"), file=record, flush=True)


def messages(stream):
    """The messages of a stream, each with the bytes that it came as."""
    while True:
        header = b""
        while not header.endswith(b"\r\n\r\n"):
            byte = stream.read(1)
            if not byte:
                return
            header += byte
        size = int(next(line for line in header.decode().lower().split("\r\n") if line.startswith("content-length:"))[15:])
        body = stream.read(size)
        yield header + body, json.loads(body)


def files():
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted(ROOT.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def answers(server):
    for raw, message in messages(server.stdout):
        write("server", message)
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()


def main():
    server = subprocess.Popen([os.environ["DCACHE_PROGRAM"], *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    back = threading.Thread(target=answers, args=(server,))
    back.start()
    known = None
    for raw, message in messages(sys.stdin.buffer):
        now = files()
        if now != known:
            write("files", now)
            known = now
        write("client", message)
        server.stdin.write(raw)
        server.stdin.flush()
        if message.get("method") == "exit":
            break
    server.stdin.close()
    back.join()
    sys.exit(server.wait())


main()
