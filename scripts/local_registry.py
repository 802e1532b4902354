#!/usr/bin/env python3
"""Serves the packages of a folder as npm's registry and as a Python index would: scripts/local_registry.py FOLDER PORTFILE

Writes its port to PORTFILE when it answers. For checks on this machine: it listens to 127.0.0.1 only, and ends with its standard input.
"""
import base64
import hashlib
import http.server
import json
import re
import sys
import tarfile
import threading
import urllib.parse
from pathlib import Path

FOLDER = Path(sys.argv[1]).resolve()


def npm_packages() -> dict[str, list[tuple[dict, Path]]]:
    found: dict[str, list[tuple[dict, Path]]] = {}
    for path in FOLDER.glob("*.tgz"):
        with tarfile.open(path) as archive:
            member = archive.extractfile("package/package.json")
            assert member
            manifest = json.load(member)
        found.setdefault(manifest["name"], []).append((manifest, path))
    return found


PACKAGES = npm_packages()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, data: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def npm(self, name: str) -> None:
        versions = {}
        for manifest, path in PACKAGES[name]:
            digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
            dist = {"tarball": f"http://{self.headers['Host']}/files/{path.name}", "integrity": f"sha512-{digest}"}
            versions[manifest["version"]] = {**manifest, "dist": dist}
        packument = {"name": name, "versions": versions, "dist-tags": {"latest": max(versions)}}
        self.answer(json.dumps(packument).encode(), "application/json")

    def do_GET(self) -> None:
        path = urllib.parse.unquote(urllib.parse.urlparse(self.path).path)
        if path.startswith("/files/") and (FOLDER / Path(path).name).is_file():
            self.answer((FOLDER / Path(path).name).read_bytes(), "application/octet-stream")
        elif path.startswith("/simple/"):
            name = path.split("/")[2]
            wheels = [wheel.name for wheel in FOLDER.glob("*.whl") if re.sub("[-_.]+", "-", wheel.name.split("-")[0]) == name]
            links = "".join(f'<a href="/files/{wheel}">{wheel}</a>\n' for wheel in wheels)
            self.answer(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html", 200 if wheels else 404)
        elif path[1:] in PACKAGES:
            self.npm(path[1:])
        else:
            self.answer(b"{}", "application/json", 404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
Path(sys.argv[2]).write_text(f"{server.server_address[1]}\n", encoding="utf-8")
sys.stdin.read()
