"""Makes wheels without any other package.

As a build backend (pyproject.toml of the repository) it makes an empty wheel that depends on the program: what pre-commit installs.
As a command it makes the wheel with the program: program_wheel.py PROGRAM PLATFORM FOLDER, where PLATFORM is such as linux-x64.
"""
import base64
import hashlib
import os
import re
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# A static program runs with any C library.
TAGS = {
    "linux-x64": "py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    "linux-arm64": "py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
}


class Wheel:
    """A wheel that is written to a file: https://packaging.python.org/specifications/binary-distribution-format/"""

    def __init__(self, folder: str, name: str, version: str, tag: str) -> None:
        self.stem = f"{name.replace('-', '_')}-{version}"
        self.name = f"{self.stem}-{tag}.whl"
        # The time of the commit if it is known, so that the same program makes the same wheel.
        self.time = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")), 315532800))[:6]
        self.file = zipfile.ZipFile(Path(folder) / self.name, "w", zipfile.ZIP_DEFLATED)
        self.record = []
        python, abi, platforms = tag.split("-")
        tags = "".join(f"Tag: {python}-{abi}-{platform}\n" for platform in platforms.split("."))
        pure = "true" if tag == "py3-none-any" else "false"
        self.add(f"{self.stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nGenerator: dcache\nRoot-Is-Purelib: {pure}\n{tags}".encode())

    def add(self, path: str, data: bytes, mode: int = 0o644) -> None:
        entry = zipfile.ZipInfo(path, self.time)
        entry.external_attr = (0o100000 | mode) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        self.file.writestr(entry, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self.record.append(f"{path},sha256={digest},{len(data)}\n")

    def finish(self) -> str:
        path = f"{self.stem}.dist-info/RECORD"
        self.file.writestr(zipfile.ZipInfo(path, self.time), "".join(self.record) + f"{path},,\n")
        self.file.close()
        return self.name


class Project:
    """What pyproject.toml of the repository says; Python reads TOML only since 3.11."""

    def __init__(self) -> None:
        text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

        def value(key: str) -> str:
            return re.search(rf'^{key} = \[?"(.*?)"', text, re.MULTILINE)[1]

        self.name, self.version = value("name"), value("version")
        self.description, self.homepage = value("description"), value("Homepage")
        self.dependency = value("dependencies")

    def metadata(self, name: str, requires: list, description: str = "") -> bytes:
        lines = [
            "Metadata-Version: 2.1", f"Name: {name}", f"Version: {self.version}", f"Summary: {self.description}",
            f"Home-page: {self.homepage}", "License: Apache-2.0", "Requires-Python: >=3.7",
            *[f"Requires-Dist: {requirement}" for requirement in requires],
        ]
        if description:
            lines += ["Description-Content-Type: text/markdown", "", description]
        return ("\n".join(lines) + "\n").encode()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None) -> str:
    project = Project()
    wheel = Wheel(wheel_directory, project.name, project.version, "py3-none-any")
    wheel.add(f"{wheel.stem}.dist-info/METADATA", project.metadata(project.name, [project.dependency]))
    return wheel.finish()


def make_program_wheel(program: str, platform: str, folder: str) -> str:
    project = Project()
    name = project.dependency.split("==")[0]
    wheel = Wheel(folder, name, project.version, TAGS[platform])
    wheel.add(f"{wheel.stem}.data/scripts/dcache", Path(program).read_bytes(), 0o755)
    readme = (ROOT / "packaging/python/README.md").read_text(encoding="utf-8")
    wheel.add(f"{wheel.stem}.dist-info/METADATA", project.metadata(name, [], readme))
    wheel.add(f"{wheel.stem}.dist-info/LICENSE", (ROOT / "LICENSE").read_bytes())
    notices = Path(program).parent.parent / "share/doc/dcache/THIRD-PARTY.txt"
    if notices.is_file():
        wheel.add(f"{wheel.stem}.dist-info/THIRD-PARTY.txt", notices.read_bytes())
    return wheel.finish()


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[2] not in TAGS:
        sys.exit(f"usage: program_wheel.py PROGRAM {{{','.join(TAGS)}}} FOLDER")
    print(make_program_wheel(*sys.argv[1:]))
