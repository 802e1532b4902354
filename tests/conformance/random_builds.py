#!/usr/bin/env python3
"""Random projects and edits, really built, against what dcache says of them.

  random_builds.py SEED [--count N] [--jobs 2] [--record FILE]
  random_builds.py SEED [--count N] --plan-only

Each seed gives a Dockerfile, a context, an ignore file, named contexts and build arguments, and one edit. The project is
built before and after the edit, twice over: once with RUN steps that always write the same and once with RUN steps that
always write something else. A step that is reused in both was a hit, one that is rebuilt in both a miss, and one that is
reused only where the outputs stay the same depends on them. That has to be the verdict of `dcache explain`, to the word; one
that says `depends` of what could be known is counted as vague, and one whose real builds differ from run to run as varying.

Lines that the builder refuses are taken out of the project until it builds. --record adds each trial to FILE, one JSON
object a line: {"id","edit","changed","before","after","steps":[{"line","step","truth"}]}, where a state is {"tree","ignore",
"args","target","named","dockerfile"}. `bb` has to be there: FROM scratch with a static busybox and its applets in /bin.

--import MODE exports a cache with each build before the edit (min, max: type=local with that mode), empties the builder, and imports
it for the build after the edit: that has to be what `dcache explain --cache-from MODE` says. One project at a time, and with the
containerd image store.

--log reads what the builder printed for the build after the edit (--progress=plain) with `dcache log --since`: each step has to have its
line, whether it was reused and how long it took, and a step that ran has to have a cause that names what was edited. One kind of
output of RUN steps is enough for that. Projects have no `--link`: such a log does not say whether one was reused.

--plan-only builds nothing: it only checks that dcache can plan each project before and after the edit, and counts what the
projects contain.

DOCKER_HOST and DOCKER_CONFIG choose the Docker; --builder classic and buildah model and run those. `--link` works only in a
builder that can merge layers (Docker with the containerd image store); others treat it as if it were not there, and
--no-link keeps it out.
"""
import argparse
import copy
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from live_builds import COMMANDS, BuildFailed, Builder, Built, dcache, matched, places_of, plain_times  # noqa: E402

SOURCES = [".", "./", "a.txt", "a.txt b.txt", "*.txt", "[ab].txt", "[^b].txt", "?.txt", "src", "src/", "src/*.c", "s?c", "**/*.c", "*/*.c",
           "src/deep", "/src", "src/../a.txt", "./src/./a.c", "docs", "docs src", "link.txt", "linkdir", "linkdir/a.c", "chain",
           "linkdir/*.c", "*", "empty", ".hidden", "link*", "src/deep/..", '"a.txt"', "$F", "${D}/a.c", "name*", "archive.tar",
           "docs/up", "src a.txt src/a.c", "src/*", "*.t*t docs", "docs/up/deep", "src/up", "linkdir/deep/*", "ünï.txt", "src/[a-b].c",
           "${D:-x}/b.c", "src\\\\deep/c.c", "archive.tar a.txt", "../a.txt", "docs/./y.txt", "chain/deep/..", "packed.tar.gz"]
JSON_SOURCES = ['"a.txt"', '"name with space.txt"', '"src", "docs"', '"*.c*", "a.txt"', '"."', '"name with space.txt", "src/"']
PATTERNS = ["*.md", "**/*.md", "src/deep", "docs", "*.txt", "!a.txt", "*/*.c", "link*", ".*", "src/**", "!src/deep/c.c", "**/deep",
            "empty", "nothing", "b.txt ", "./docs", "/a.txt", "archive.tar", "*", "!src", "!docs/*.md", "Dockerfile", ".dockerignore",
            "src/", "**/up", "[a-b].txt", "# a comment", "!**/c.c", "**", "d?cs/../src"]
DESTINATIONS = ["./", "sub/", "/dst/", "/app/", "/d/$F/", "sub", "/dst", "/app", ".", "/x/.", "../up", "/", "//y/", "/app/inner/", "/d.txt",
                "$F.d", "/app/./", "sub/deep", "/dst/deep/"]
AGAIN = 5  # times that a trial which disagrees is made again
EXCLUDES = ["*.c", "**/*.md", "deep", "*.txt", "src", "a.*", "**/c.c", "deep/*", "$F", "!a.c"]
EDITS = (["modify"] * 5 + ["add"] * 2 + ["delete"] * 2 + ["rename"] * 2 + ["chmod"] * 2
         + ["chmod-dir", "retarget", "delete-link", "add-link", "mkdir", "touch", "type", "ignore", "ignore", "ignore-order", "run", "env",
            "change-env", "arg", "label", "comment", "case", "layout", "workdir", "build-arg", "undeclared", "proxy", "remove-line",
            "swap", "swap", "target", "flag", "user", "shell", "named", "platform", "mount", "continue", "heredoc", "onbuild"]
         + ["respell"] * 5 + ["destination"] * 3 + ["mount-option"] * 3 + ["epoch", "bk-arg", "attribute", "same-time", "repeat", "remove-run"] * 2)
# Another way to write the same thing, or what looks like one: the model has to tell.
SPELLINGS = [(r"^RUN (?![-<\[])([^\"\\]+)$", r'RUN ["/bin/sh", "-c", "\1"]'), (r"--chmod=(755|700)", r"--chmod=0\1"),
             (r"--chown=root:root", "--chown=0:0"), (r"--chown=1:1", "--chown=01:1"), (r"^COPY (?!--|<<)(.*)", r"ADD --unpack=false \1"),
             (r"^ADD (?!--|<<)(.*)", r"ADD --unpack=true \1"), (r"^ADD (?!--|<<)(.*)", r"COPY \1"), (r" \./$", " ."), (r" (/\w+)/$", r" \1/./"),
             (r" (/\w+)/$", r" \1/."), (r"(COPY|ADD) (\w)", r"\1 ./\2"), (r"^WORKDIR (\w+)$", r"WORKDIR ./\1/"),
             (r"type=bind,(source|target)", r"\1"), (r",rw\b", ",readwrite"), (r"id=x", "id=y"), (r"sharing=\w+", "sharing=private"),
             (r"^RUN <<EOF", "RUN << EOF"), (r"^(ENV \w+)=(\w+)$", r"\1 \2"), (r"--link", "--link=true"), (r"--mount=(\S+) --mount=(\S+)", r"--mount=\2 --mount=\1"),
             (r"^USER 0:0", "USER root"), (r"size=1m", "size=1048576"), (r"mode=0400", "mode=0400,uid=0")]
MOUNT_OPTIONS = ["mode=0700", "uid=5", "ro", "sharing=locked", "sharing=private", "id=other", "mode=0755", "gid=0"]


def old_time() -> int:
    return 1_000_000_000 + int.from_bytes(os.urandom(4), "big") % 600_000_000


class Project:
    """A state of a build, all drawn from one random source."""

    def __init__(self, dice: random.Random, nonce: str, builder: str, link: bool, old: bool):
        self.dice, self.nonce, self.link = dice, nonce, link
        self.buildkit = builder == "buildkit"
        self.new = self.buildkit and not old  # named contexts, here-documents and --exclude
        self.arguments: dict[str, str] = {}
        self.target = ""
        self.platform = ""
        names = ["a.txt", "b.txt", "README.md", ".hidden", "src/a.c", "src/b.c", "src/deep/c.c", "src/deep/notes.md", "docs/x.md",
                 "docs/y.txt", "name with space.txt", "ünï.txt"]
        self.tree: dict[str, dict] = {name: self.file(f"{name} {nonce}\n") for name in names}
        for name, target in {"link.txt": "a.txt", "linkdir": "src", "chain": "linkdir", "src/up": "../b.txt", "docs/up": "../src",
                             "dangling": "nowhere", "outside": "/etc/hostname"}.items():
            self.tree[name] = {"type": "symlink", "target": target}
        self.tree["empty"] = {"type": "dir", "mode": 0o755}
        self.old = old_time()  # of files that keep it although they change
        for name in ("b.txt", "src/b.c", "docs/x.md"):
            if self.chance(0.5):
                self.tree[name]["mtime"] = self.old
        self.copied: list[str] = []  # what COPYs wrote to
        self.named: dict[str, dict[str, dict]] = {}
        if self.new and self.chance(0.3):
            self.named["other"] = {name: self.file(f"other {name} {nonce}\n") for name in ("n.txt", "sub/m.txt", "sub/k.md")}
        self.ignore = "\n".join(dice.sample(PATTERNS, dice.randint(1, 4))) + "\n" if dice.random() < 0.4 else None
        self.lines: list[str] = []
        self.make_dockerfile()

    @staticmethod
    def file(content: str, mode: int = 0o644) -> dict:
        return {"type": "file", "mode": mode, "content": content}

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    def files(self) -> list[str]:
        return sorted(name for name, entry in self.tree.items() if entry["type"] == "file")

    def links(self) -> list[str]:
        return sorted(name for name, entry in self.tree.items() if entry["type"] == "symlink")

    # The Dockerfile

    def copy_flags(self) -> str:
        flags = ""
        if self.chance(0.2):
            flags += " --chown=" + self.dice.choice(["1000", "1:1", "root:root", "$U"])
        if self.chance(0.2) and self.buildkit:
            flags += " --chmod=" + self.dice.choice(["755", "0644", "u+x", "u=rwX,go=rX", "go-r", "$M"])
        if self.chance(0.25) and self.link:
            flags += " --link"
        if self.chance(0.25) and self.new:
            flags += " --exclude=" + self.dice.choice(EXCLUDES)
        return flags

    def copy(self) -> list[str]:
        word = "ADD" if self.chance(0.2) else "COPY"
        destination = self.dice.choice(DESTINATIONS)
        self.copied.append(destination)
        if self.chance(0.15):
            return [f"{word}{self.copy_flags()} [{self.dice.choice(JSON_SOURCES)}, \"{destination}\"]"]
        if self.chance(0.15) and self.new:
            flags = re.sub(r" --exclude=\S+", "", self.copy_flags())
            quoted = self.dice.choice(["EOF", "'EOF'", "-EOF"])
            return [f"{word}{flags} <<{quoted} {destination}here", f"\tinline $F {self.nonce}", "EOF"]
        sources = self.dice.choice(SOURCES)
        return [f"{word}{self.copy_flags()} {sources} {destination}" + ("/" if " " in sources and not destination.endswith(("/", ".")) else "")]

    def part_of_copied(self) -> str:
        """Exactly what a COPY wrote, or a part of it."""
        at = self.dice.choice(self.copied).replace("$F", "a.txt")
        at = at if at.startswith("/") else f"/t{self.nonce}/{at}"
        return self.dice.choice([at, at.rstrip("/"), at.rstrip("/") + "/.", at.rstrip("/") + "/a.txt", at.rstrip("/") + "/a.c",
                                 at.rstrip("/") + "/deep", at.rstrip("/") + "/*"])

    def copy_from(self, stages: list[str]) -> list[str]:
        link = " --link" if self.chance(0.3) and self.link else ""
        into = self.dice.choice(["/from1/", "/from2/", "/from3/", "/from1", "/from4", "/app", "/dst/"])
        if self.named and self.chance(0.4):
            return [f"COPY --from=other{link} {self.dice.choice(['.', 'n.txt', 'sub', '*.txt', 'sub/*', '/sub/m.txt'])} {into}"]
        source = self.dice.choice([*stages, "bb"] + [str(i) for i in range(len(stages))])
        path = self.dice.choice(["/out", "/out/", "/bin/busybox", "/out /bin/sh", "/dst", "/app", f"/t{self.nonce}", "/out/*", "/", "/o?t",
                                 "out", "/out/1", f"/t{self.nonce}/sub", "/d", "/out/.", "/app", "/x", "/y", "/from1", "/d.txt"])
        if self.copied and self.chance(0.4):
            path = self.part_of_copied()
        if " " in path and not into.endswith("/"):
            into += "/"
        self.copied.append(into)
        if self.chance(0.25) and self.new:
            link += " --exclude=" + self.dice.choice(["*.md", "1", "**/*.c", "out"])
        return [f"COPY --from={source}{link} {path} {into}"]

    def workdir_below(self) -> list[str]:
        """A folder below one that a COPY wrote, or that another stage may take."""
        at = self.dice.choice([*self.copied, "/out", "/app", "/dst"]).replace("$F", "a.txt").rstrip("/.")
        return [f"WORKDIR {at or ''}/{self.dice.choice(['below', 'below/deep', 'deep'])}"]

    def chain(self, stages: list[str]) -> list[list[str]]:
        """Stages that each take what the one before has, of which one leaves something out: the last is for the caller."""
        source, lines = self.dice.choice(stages), []
        path = self.part_of_copied() if self.copied else "/out"
        for link in range(self.dice.randint(1, 2)):
            name = f"chain{len(self.lines)}x{link}"
            exclude = " --exclude=" + self.dice.choice(EXCLUDES[:-2]) if self.chance(0.7) else ""
            lines.append([f"FROM bb AS {name}", f"COPY --from={source}{exclude} {path} /chain/"])
            source, path = name, "/chain"
        self.copied.append("/chain/")
        return [*lines, [f"COPY --from={source} /chain{self.dice.choice(['', '/', '/.'])} /chained/"]]

    def repeated(self) -> list[str]:
        """An instruction that this stage or another one has already, as it is written."""
        able = [line for line in self.lines if re.match(r"(RUN|COPY|ADD|WORKDIR) [^<\\]*$", line) and not line.startswith("WORKDIR /t")]
        return [self.dice.choice(able)] if able else self.other()

    def mounts(self, stages: list[str]) -> str:
        if not self.buildkit:
            return ""
        choices = ["type=bind,source=src,target=/mnt/x", "type=bind,target=/ctx", "type=bind,target=/ctx,rw", "type=cache,target=/cache",
                   "type=cache,target=/cache,id=x,sharing=locked", "type=tmpfs,target=/tmpx", "type=secret,id=tok",
                   "source=a.txt,target=/mnt/a", "type=bind,source=linkdir,target=/mnt/l", "type=bind,from=bb,source=/bin,target=/mnt/b",
                   "type=bind,source=$D,target=/mnt/d", "type=cache,target=rel,uid=1000", "type=bind,source=.,target=/mnt/all",
                   "type=ssh", "type=secret,id=tok,env=TOK", "type=secret,id=tok,target=/tok,mode=0400", "type=tmpfs,target=/tmpx,size=1m",
                   "type=cache,target=/c3,mode=0700,readonly", "type=bind,source=docs/up,target=/mnt/up", "type=bind,dst=mnt/rel,src=docs",
                   "type=cache,id=$F,dst=/c4,sharing=private", "type=bind,source=src,target=/mnt/rw,readwrite", "target=/c6,type=cache"]
        choices += [f"type=bind,from={stage},source=/out,target=/mnt/{stage}" for stage in stages]
        choices += [f"type=bind,from={stage},target=/all/{stage}" for stage in stages]
        choices += [f"type=cache,from={stage},source=/out,target=/c5" for stage in stages]
        choices += [f"type=cache,id=n,from={stage},source=/app,target=/c7,sharing=locked" for stage in stages]
        choices += [f"type=bind,from={stage},source=/dst,target=/mnt/dst" for stage in stages]
        if self.named:
            choices += ["type=bind,from=other,target=/mnt/other", "type=bind,from=other,source=sub,target=/mnt/sub"] * 2
        count = self.dice.choice([0, 0, 1, 1, 2])
        return "".join(f" --mount={mount}" for mount in self.dice.sample(choices, count))

    def run(self, stages: list[str], number: int) -> list[str]:
        # @OUTPUT@ is what makes the two kinds of builds differ.
        script = self.dice.choice([f"mkdir -p /out && echo @OUTPUT@run{number} > /out/{number}"] * 4
                                  + [f"mkdir -p /dst && echo @OUTPUT@ > /dst/ran{number}", f"echo @OUTPUT@ > ran{number}",
                                     f"mkdir -p /r{number} && cat /bin/sh > /dev/null && date > /r{number}/d && echo @OUTPUT@ > /r{number}/d"])
        mounts = self.mounts(stages)
        if self.chance(0.1) and self.buildkit:
            mounts += self.dice.choice([" --network=none", " --network=default", " --security=sandbox"])
        form = self.dice.randint(0, 6)
        if form == 0:
            return [f'RUN{mounts} ["/bin/sh", "-c", "{script}"]']
        if form == 1 and self.new:
            return [f"RUN{mounts} <<EOF", script, "EOF"]
        if form == 2:
            return [f"RUN{mounts} {script} && \\", "    # a comment inside", "    echo $MODE"]
        if form == 3 and self.new:
            return [f"RUN{mounts} cat <<'A' <<B >/dev/null && {script}", "one", "A", "two $F", "B"]
        if form == 4 and self.new:
            return [f"RUN{mounts} <<EOF", "#!/bin/sh", script, "EOF"]
        return [f"RUN{mounts} {script}"]

    def other(self) -> list[str]:
        return [self.dice.choice([
            "ENV X=1 Y=2", "ENV MODE=fast", "ENV Y=3", "ARG VERSION=1", "ARG MODE", "ARG UNUSED=q", "LABEL a=b", "EXPOSE 80", "WORKDIR sub",
            "WORKDIR /w2", "VOLUME /v", "STOPSIGNAL SIGTERM", 'CMD ["/x"]', "# a comment", "USER root", 'SHELL ["/bin/sh", "-ec"]',
            "HEALTHCHECK CMD true", "ENV P=$MODE", "ARG HTTP_PROXY", "USER 0:0", "ARG TARGETARCH", "ENV Q=${MODE:-slow}", "ARG BASE",
            "WORKDIR /w/$F", "ARG VERSION=1 MODE=2", "ENV OLD style value", "MAINTAINER somebody", 'ENTRYPOINT ["/x"]', "ENV D=docs",
            "ARG F=b.txt", "WORKDIR ..", "ARG NO_PROXY=x", "ENV X=$X:more", "WORKDIR /app/inner", "WORKDIR /dst/deep", "WORKDIR /app",
            "ARG SOURCE_DATE_EPOCH", "EXPOSE $F"])]

    def make_dockerfile(self) -> None:
        self.lines = ["ARG BASE=bb"]
        if self.buildkit and self.chance(0.1):
            self.lines.insert(0, "# check=skip=all")
        stages: list[str] = []
        number = 0
        for index in range(self.dice.randint(1, 4)):
            base = self.dice.choice(["bb", "bb", "$BASE"] + stages)
            platform = " --platform=$BUILDPLATFORM" if self.chance(0.06) and self.buildkit else ""
            links = self.chain(stages) if stages and self.new and self.chance(0.25) else []
            for stage in links[:-1]:
                self.lines += stage
            self.lines.append(f"FROM{platform} {base} AS s{index}")
            if base in ("bb", "$BASE"):
                self.lines += [f"WORKDIR /t{self.nonce}", "ENV F=a.txt D=src U=1 M=755"]
            for line in links[-1:]:
                self.lines += line
            for _ in range(self.dice.randint(2, 7)):
                kind = self.dice.random()
                number += 1
                if kind < 0.32:
                    new = self.copy()
                elif kind < 0.55:
                    new = self.run(stages, number)
                elif kind < 0.7 and (stages or self.named):
                    new = self.copy_from(stages)
                elif kind < 0.76:
                    new = self.workdir_below()
                elif kind < 0.81:
                    new = self.repeated()
                else:
                    new = self.other()
                if self.chance(0.05) and len(self.lines) > 4 and re.match(r"(RUN|COPY|ADD|WORKDIR) [^<\\]*$", self.lines[-1]):
                    new = [self.lines[-1]]  # an equal step
                if self.chance(0.06) and len(new) == 1 and not new[0].startswith(("#", "MAINTAINER")):
                    new = ["ONBUILD " + new[0]]
                self.lines += new
            stages.append(f"s{index}")

    # The edit

    def edit(self) -> tuple[str, list[str]]:
        """Changes one thing; gives its kind and the paths or the words that it changes."""
        kind = self.dice.choice(EDITS)
        names = self.files()
        name = self.dice.choice(names)
        changed = [name]
        if kind == "modify":
            self.tree[name]["content"] += "edited\n"
        elif kind == "chmod":
            self.tree[name]["mode"] ^= self.dice.choice([0o111, 0o040, 0o004])
        elif kind == "chmod-dir":
            changed = [self.dice.choice(["src", "docs", "src/deep", "empty"])]
            self.tree[changed[0]] = {"type": "dir", "mode": 0o750}
        elif kind == "add":
            changed = [self.dice.choice(["new.txt", "src/new.c", "docs/new.md", "src/deep/n/n.c", "other/x", "c.txt", "src/z.md"])]
            self.tree[changed[0]] = self.file(f"new {self.nonce}\n")
        elif kind == "delete":
            del self.tree[name]
        elif kind == "rename":
            changed.append(str(PurePosixPath(name).parent / ("r" + PurePosixPath(name).name)))
            self.tree[changed[1]] = self.tree.pop(name)
        elif kind in ("retarget", "delete-link") and self.links():
            changed = [self.dice.choice(self.links())]
            if kind == "retarget":
                self.tree[changed[0]]["target"] = self.dice.choice(["b.txt", "docs", "a.txt", "../b.txt", "/src", "./src/deep"])
            else:
                del self.tree[changed[0]]
        elif kind == "add-link":
            changed = [self.dice.choice(["src/l.c", "new.txt", "docs/l"])]
            self.tree[changed[0]] = {"type": "symlink", "target": self.dice.choice(["a.c", "../a.txt", "/nowhere"])}
        elif kind == "mkdir":
            changed = [self.dice.choice(["e2", "src/e", "docs/e", "empty/e"])]
            self.tree[changed[0]] = {"type": "dir", "mode": 0o755}
        elif kind == "type":
            self.tree[name] = {"type": "symlink", "target": "/etc/hostname"}
        elif kind == "touch":
            self.tree[name]["mtime"] = 1700000000
        elif kind == "attribute":
            self.tree[name] |= {"xattr": {"user.dcache": "1"}, "mtime": 1700000001}
        elif kind == "same-time":
            changed = [file for file in names if self.tree[file].get("mtime") == self.old][:1]
            for file in changed:
                self.tree[file]["content"] = "?" + self.tree[file]["content"][1:]
        elif kind == "named" and self.named:
            changed = [self.dice.choice(sorted(self.named["other"]))]
            self.named["other"][changed[0]]["content"] += "edited\n"
        else:
            changed = self.edit_settings(kind)
        return kind, changed

    def edit_settings(self, kind: str) -> list[str]:
        if kind == "ignore":
            self.ignore = (self.ignore or "") + self.dice.choice(PATTERNS) + "\n"
            return [".dockerignore"]
        if kind == "ignore-order" and self.ignore:
            self.ignore = "\n".join(reversed(self.ignore.strip("\n").split("\n"))) + "\n"
            return [".dockerignore"]
        given = {"build-arg": (["VERSION", "MODE", "UNUSED", "BASE", "F"], "given"), "undeclared": (["NOT_DECLARED"], "x"),
                 "proxy": (["HTTP_PROXY", "NO_PROXY"], "http://127.0.0.1:9"), "epoch": (["SOURCE_DATE_EPOCH"], "1700000003"),
                 "bk-arg": (["BUILDKIT_SANDBOX_HOSTNAME", "BUILDKIT_CACHE_MOUNT_NS", "BUILDKIT_INLINE_CACHE"], "1")}
        if kind in ("epoch", "bk-arg") and not self.buildkit:
            kind = "build-arg"
        if kind in given:
            name = self.dice.choice(given[kind][0])
            self.arguments[name] = "bb" if name == "BASE" else given[kind][1]
            return [name]
        if kind == "target":
            self.target = self.dice.choice(re.findall(r"^FROM .* AS (\S+)", "\n".join(self.lines), re.M))
            return [self.target]
        if kind == "platform" and self.buildkit:
            self.platform = "linux/amd64"  # spelled out instead of left open: nothing changes
            return [self.platform]
        self.edit_dockerfile(kind)
        return ["Dockerfile"]

    def edit_dockerfile(self, kind: str) -> None:
        def positions(pattern: str) -> list[int]:
            return [i for i, line in enumerate(self.lines) if re.match(pattern, line)]

        whole = [i for i in positions(r"[A-Z]+ ") if not re.search(r"<<|\\$|^FROM|^ARG BASE=bb|^WORKDIR /t|^ENV F=", self.lines[i])]
        if not whole:
            return
        at = self.dice.choice(whole)
        added = {"env": "ENV ADDED=1", "label": "LABEL added=1", "comment": "# an added comment", "workdir": "WORKDIR /added",
                 "arg": "ARG ADDED=1", "user": "USER 1:1", "shell": 'SHELL ["/bin/busybox", "sh", "-c"]', "onbuild": "ONBUILD RUN true"}
        runs = positions(r"RUN .*[0-9]$")
        copies = positions(r"(COPY|ADD) ")
        if kind in added:
            self.lines.insert(at, added[kind])
        elif kind == "run" and runs:
            self.lines[self.dice.choice(runs)] += " && :"
        elif kind == "continue" and runs:  # the same words over two lines
            at = self.dice.choice(runs)
            self.lines[at : at + 1] = [self.lines[at].replace(" && ", " \\\n && ", 1)]
        elif kind == "mount" and runs and self.buildkit:
            at = self.dice.choice(runs)
            self.lines[at] = self.lines[at].replace("RUN", "RUN --mount=" + self.dice.choice(
                ["type=cache,target=/added", "type=secret,id=tok2", "type=bind,source=docs,target=/added", "type=ssh"]), 1)
        elif kind == "heredoc" and positions(r"EOF$"):
            self.lines.insert(self.dice.choice(positions(r"EOF$")), "echo one more line")
        elif kind == "change-env" and positions(r"(ENV|ARG) \w+=\w"):
            at = self.dice.choice(positions(r"(ENV|ARG) \w+=\w"))
            if not self.lines[at].startswith(("ENV F=", "ARG BASE=bb")):
                self.lines[at] += "2"
        elif kind == "case":
            self.lines[at] = re.sub(r"^\w+", lambda word: word[0].lower(), self.lines[at])
        elif kind == "layout":
            self.lines[at] = self.lines[at].replace(" ", "  ", 1)
        elif kind == "remove-line":
            del self.lines[at]
        elif kind == "respell":
            able = [(i, pattern, to) for i in whole for pattern, to in SPELLINGS if re.search(pattern, self.lines[i])]
            if able:
                at, pattern, to = self.dice.choice(able)
                self.lines[at] = re.sub(pattern, to, self.lines[at], count=1)
        elif kind == "destination":
            able = [i for i in copies if i in whole and not self.lines[i].endswith("]")]
            if able:
                at = self.dice.choice(able)
                self.lines[at] = self.lines[at][:-1] if self.lines[at].endswith("/") else self.lines[at] + "/"
        elif kind == "mount-option" and self.buildkit:
            able = [i for i in positions(r"RUN .*--mount=\S*type=cache") if i in whole]
            if able:
                at = self.dice.choice(able)
                self.lines[at] = re.sub(r"(--mount=\S*type=cache\S*)", rf"\1,{self.dice.choice(MOUNT_OPTIONS)}", self.lines[at], count=1)
        elif kind == "repeat":
            self.lines.insert(at, self.lines[at])
        elif kind == "remove-run" and [i for i in runs if i in whole]:
            del self.lines[self.dice.choice([i for i in runs if i in whole])]
        elif kind == "swap" and at + 1 in whole:
            self.lines[at], self.lines[at + 1] = self.lines[at + 1], self.lines[at]
        elif kind == "flag" and copies:
            at = self.dice.choice(copies)
            flag = self.dice.choice(["--chown=2"] + ["--link"] * self.link + ["--chmod=700"] * self.buildkit + ["--exclude=*.c"] * self.new)
            if flag.split("=")[0] not in self.lines[at]:
                self.lines[at] = re.sub(r"^(\w+)", rf"\1 {flag}", self.lines[at], count=1)

    def renew(self) -> None:
        """A nonce of its own, as if nothing of this project had ever been built."""
        old, self.nonce = self.nonce, f"{self.nonce.split('x')[0]}x{os.urandom(4).hex()}"
        fields = json.dumps([self.tree, self.named, self.lines]).replace(old, self.nonce)
        self.tree, self.named, self.lines = json.loads(fields)
        # A time of their own, too: the builder would keep its copy of the files of before.
        before, self.old = self.old, old_time()
        for entry in self.tree.values():
            if entry.get("mtime") == before:
                entry["mtime"] = self.old

    def state(self) -> dict:
        return {"tree": self.tree, "ignore": self.ignore, "args": self.arguments, "target": self.target, "platform": self.platform,
                "named": self.named, "dockerfile": "\n".join(self.lines) + "\n"}


def write_tree(tree: dict[str, dict], folder: Path) -> None:
    for name, entry in sorted(tree.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry["type"] == "dir":
            path.mkdir(exist_ok=True)
        elif entry["type"] == "symlink":
            path.symlink_to(entry["target"])
        else:
            path.write_text(entry["content"])
            path.chmod(entry["mode"])
            for attribute, value in entry.get("xattr", {}).items():
                os.setxattr(path, attribute, value.encode())
            if "mtime" in entry:
                os.utime(path, (entry["mtime"], entry["mtime"]))
    for name, entry in tree.items():
        if entry["type"] == "dir":
            (folder / name).chmod(entry["mode"])


def context_in(folder: Path) -> Path:
    # BuildKit keeps one copy of all contexts whose folders have the same name: no other trial may have this one.
    return folder / f"{folder.parent.name}-{folder.name}"


def write_state(state: dict, folder: Path, output: str) -> list[str]:
    """Lays a state out in `folder`; gives the options of the build. `output` takes the place of @OUTPUT@."""
    shutil.rmtree(folder, ignore_errors=True)
    context = context_in(folder)
    context.mkdir(parents=True)
    write_tree(state["tree"], context)
    (context / "Dockerfile").write_text(state["dockerfile"].replace("@OUTPUT@", output))
    if state["ignore"] is not None:
        (context / ".dockerignore").write_text(state["ignore"])
    if "a.txt" in state["tree"]:
        tar = ["tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0"]
        subprocess.run([*tar, "-cf", "archive.tar", "a.txt"], cwd=context, capture_output=True)
        subprocess.run([*tar, "-I", "gzip -n", "-cf", "packed.tar.gz", "a.txt"], cwd=context, capture_output=True)
    options = [word for name, value in state["args"].items() for word in ("--build-arg", f"{name}={value}")]
    for name, tree in state["named"].items():
        (folder / name).mkdir()
        write_tree(tree, folder / name)
        options += ["--build-context", f"{name}=../{name}"]
    if state["platform"]:
        options += ["--platform", state["platform"]]
    return options + (["--target", state["target"]] if state["target"] else [])


def take_out(project: Project, message: str) -> bool:
    """Takes the instruction out that the builder refused; False if it can't be told which."""
    lines = project.lines
    # BuildKit marks the lines; the others say the number of the step, or show the instruction.
    if marked := re.findall(r"^\s*(\d+) \| >>> ", message, re.M):
        first, last = int(marked[0]) - 1, int(marked[-1]) - 1
    elif shown := re.findall(r"(?:Step \d+/\d+ : |STEP \d+/\d+: )(.*)", message):
        at = [i for i, line in enumerate(lines) if line[:20] == shown[-1][:20]]
        if not at:
            return False
        first = last = at[-1]
        while lines[last].endswith("\\") or lines[last].startswith("    #"):
            last += 1
    elif number := re.search(r"(?:parse error on |Dockerfile:|line )(\d+)", message):
        first = last = int(number[1]) - 1
    else:
        return False
    if last >= len(lines) or re.match(r"FROM|WORKDIR /t|ARG BASE=bb", lines[first]):
        return False
    del lines[first : last + 1]
    return True


UNNOTICED = ("folder-mode", "same-time")  # changes of files that a builder may not look at
SAME, OTHER = "same", "$(cat /proc/sys/kernel/random/uuid)"


class Runner:
    def __init__(self, arguments: argparse.Namespace):
        self.kind = arguments.builder
        self.link = not arguments.no_link and not arguments.old and not arguments.log and self.kind == "buildkit"
        self.old = arguments.old
        self.log = arguments.log
        self.builder = Builder(self.kind, arguments.build or ("docker buildx build --network=none --progress=plain" if self.log else ""))
        # Builds get no network, which is their default then.
        self.ours = ["--network", "none"] if self.kind == "buildkit" else ["--builder", self.kind]
        self.keep = arguments.keep
        self.twice = not arguments.same_output_only and not self.log
        self.imported = arguments.imported

    def build(self, state: dict, folder: Path, output: str, edited: bool = False) -> Built:
        options = write_state(state, folder, output)
        if self.imported:
            # In the folder of the trial: `folder` itself is written again for each state.
            cache = folder.parent / f"cache-{folder.name}"
            self.empty_builder()
            if not edited:
                shutil.rmtree(cache, ignore_errors=True)
            options += ["--cache-from", f"type=local,src={cache}"] if edited else ["--cache-to", f"type=local,dest={cache},mode={self.imported}"]
        return self.builder.build(context_in(folder), options)

    @staticmethod
    def empty_builder() -> None:
        subprocess.run(["docker", "builder", "prune", "--all", "--force"], capture_output=True, check=True)

    def explain(self, before: dict, after: dict, folder: Path) -> dict:
        snapshot = str(folder.parent / "before.json")
        dcache(context_in(folder), "snapshot", "-o", snapshot, *self.written(before, folder))
        options = [*self.written(after, folder), "--since", snapshot, "--format", "json"]
        options += ["--cache-from", self.imported] if self.imported else []
        return json.loads(dcache(context_in(folder), "explain", *options))

    def written(self, state: dict, folder: Path) -> list[str]:
        """Lays a state out in `folder`; gives the options that dcache takes for it."""
        return [*write_state(state, folder, SAME), "--context", ".", *self.ours]

    def first_build(self, project: Project, folder: Path) -> None:
        for _ in range(12):
            try:
                self.build(project.state(), folder, SAME)
                return
            except BuildFailed as failure:
                if not take_out(project, str(failure)):
                    raise
                project.renew()  # some of it was built
        raise BuildFailed("too many lines would have to be taken out")

    def log_problems(self, said: dict, built: Built, after: dict, changed: list[str], folder: Path) -> list[str]:
        """What `dcache log` says otherwise than the log, which has to follow explain(): that left the snapshot there."""
        log = folder.parent / "build.log"
        log.write_text(built.output)
        options = [*self.written(after, folder), "--since", str(folder.parent / "before.json"), "--format", "json"]
        answer = json.loads(dcache(context_in(folder), "log", str(log), *options))
        (build,) = answer["builds"]
        problems = [f"{name} has no line" for name in build["unmatched"]]
        times = plain_times(built.output)
        found = {(step["stage"], step.get("line"), step["instruction"]): step for step in build["steps"]}
        for step, place in places_of(said, built):
            told = found.get((step["stage"], step["line"], step["instruction"]))
            where = f"line {step['line']} {step['instruction'][:60]}"
            if told is None:
                problems.append(f"{where}: is not in the answer")
                continue
            if told["cached"] != built[place] and not told.get("merged"):
                problems.append(f"{where}: reused is {told['cached']}, was {built[place]}")
            if not told["cached"] and abs(told["seconds"] - times.get(place, 0)) > 0.1:
                problems.append(f"{where}: took {told['seconds']}, was {times.get(place)}")
            cause = told.get("cause") or {}
            if not told["cached"] and not cause and not told.get("disagrees"):
                problems.append(f"{where}: ran without a cause")
            paths = [cause.get("path"), *(one["path"] for one in cause.get("files", []))]
            if cause.get("kind") == "file" and not told.get("follows") and changed and not set(paths) & set(changed):
                problems.append(f"{where}: {cause} is not what was edited: {changed}")
        return problems

    def second_build(self, project: Project, folder: Path) -> tuple[str, list[str], Project, Built]:
        """Edits until the project builds again."""
        last = BuildFailed("no edit changes anything")
        for _ in range(20):
            edited = copy.deepcopy(project)
            kind, changed = edited.edit()
            project.dice.setstate(edited.dice.getstate())
            if edited.state() == project.state():
                continue
            try:
                return kind, changed, edited, self.build(edited.state(), folder, SAME, edited=True)
            except BuildFailed as failure:
                last = failure
                project.renew()
                self.build(project.state(), folder, SAME)
        raise last

    def trial(self, seed: int) -> dict:
        """One generated project and edit, with "result": "agree", "vague", "disagree" or "unbuildable"."""
        # The builder remembers all earlier runs: the nonce keeps this one apart from them.
        nonce = f"{seed}x{os.urandom(4).hex()}"
        record: dict = {"id": nonce, "seed": seed, "result": "unbuildable"}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            try:
                project = Project(random.Random(seed), nonce, self.kind, self.link, self.old)
                self.first_build(project, folder / "same")
                kind, changed, edited, built = self.second_build(project, folder / "same")
                before, after = project.state(), edited.state()
                record |= {"id": edited.nonce, "edit": kind, "changed": changed, "before": copy.deepcopy(before), "after": copy.deepcopy(after)}
                rebuilt_too = built
                if self.twice:
                    self.build(before, folder / "other", OTHER)
                    rebuilt_too = self.build(after, folder / "other", OTHER, edited=True)
                said = self.explain(before, after, folder / "ours")
                problems = self.log_problems(said, built, after, changed, folder / "ours") if self.log else []
            except BuildFailed as failure:
                if str(failure).startswith("dcache"):
                    print(f"seed {seed}: {failure}")
                    record["result"] = "disagree"
                elif self.keep:
                    record["why"] = str(failure)[-600:]
                return record
            other = {id(step): reused for step, reused in matched(said, rebuilt_too)}
            record["steps"] = []
            record["result"] = "agree"
            # Whether a builder notices the new mode of a folder, or a file that looks the same, depends on what it remembers. Where
            # it does not, what follows from it does not rebuild either.
            modes = any((step.get("cause") or {}).get("change") in UNNOTICED for step, _ in matched(said, built))
            for step, reused in matched(said, built):
                truth = "miss" if not reused else "hit" if other.get(id(step), False) else "depends"
                record["steps"].append({"line": step["line"], "step": step["instruction"], "truth": truth})
                if not self.twice and step["verdict"] == "depends" and reused:
                    continue
                open_anyway = step["verdict"] == "depends" and (step["cause"].get("change") in UNNOTICED or (modes and truth == "hit"))
                if step["verdict"] != truth and not open_anyway:
                    # `depends` where a builder could know better is vague, not wrong.
                    vague = "depends" in (step["verdict"], truth)
                    record["result"] = "vague" if vague and record["result"] != "disagree" else "disagree"
                    print(f"seed {seed} {kind} {changed}: line {step['line']} {step['instruction'][:80]}: said {step['verdict']}, was {truth}")
            for problem in problems:
                record["result"] = "disagree"
                print(f"seed {seed} {kind} {changed}: {problem}")
            if self.keep and record["result"] in ("vague", "disagree"):
                shutil.copytree(folder, Path(self.keep) / str(seed), symlinks=True, dirs_exist_ok=True)
        return record


    def plan(self, seed: int) -> dict:
        """The project and its edit, planned by dcache alone. Refused is what no builder would accept: many projects are."""
        project = Project(random.Random(seed), f"{seed}x0", self.kind, self.link, self.old)
        edited = copy.deepcopy(project)
        edited.edit()
        lines = "\n".join(project.lines)
        record = {"seed": seed, "result": "planned",
                  "chains": len(re.findall(r"^FROM bb AS chain", lines, re.M)),
                  "workdirs": len(re.findall(r"^WORKDIR \S+/(?:below|below/deep|deep)$", lines, re.M)),
                  "repeated": len(project.lines) - len(set(project.lines))}
        with tempfile.TemporaryDirectory() as name:
            try:
                self.explain(project.state(), edited.state(), Path(name) / "ours")
            except BuildFailed as failure:
                record |= {"result": "refused", "why": str(failure)}
        return record

    def steady_trial(self, seed: int) -> dict:
        """A trial that disagrees is made again, since some of BuildKit's answers vary from run to run."""
        record = self.trial(seed)
        for _ in range(AGAIN if record["result"] == "disagree" else 0):
            if self.trial(seed)["result"] == "agree":
                print(f"seed {seed}: the builder's answer varies from run to run")
                return {"seed": seed, "result": "varies"}
        return record


def plan_all(runner: Runner, seeds: range, jobs: int) -> int:
    """Fails for a project that dcache neither plans nor refuses with a line of the Dockerfile."""
    with ThreadPoolExecutor(jobs) as pool:
        records = list(pool.map(runner.plan, seeds))
    odd = [one for one in records if "why" in one and not re.search(r"Dockerfile:\d+", one["why"])]
    for one in odd:
        print(f"seed {one['seed']}: {one['why']}")
    planned = [one for one in records if one["result"] == "planned"]
    print(f"{len(planned)} planned, {len(records) - len(planned)} refused; of those planned",
          ", ".join(f"{sum(one[kind] > 0 for one in planned)} with {kind}" for kind in ("chains", "workdirs", "repeated")))
    return 1 if odd else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--builder", choices=sorted(COMMANDS), default="buildkit")
    parser.add_argument("--build", default="", help="the build command")
    parser.add_argument("--no-link", action="store_true", help="for a builder that can't merge layers")
    parser.add_argument("--old", action="store_true", help="only what the BuildKit of Docker 20.10 knows")
    parser.add_argument("--same-output-only", action="store_true", help="build with one kind of RUN steps alone, in half the time")
    parser.add_argument("--import", dest="imported", choices=["min", "max"], help="build what was edited on an empty builder, with a cache of that mode")
    parser.add_argument("--log", action="store_true", help="compare what `dcache log` says of the log of the build as well")
    parser.add_argument("--record", type=Path, help="add the trials to this file")
    parser.add_argument("--keep", help="a folder for the projects of those that disagree")
    parser.add_argument("--plan-only", action="store_true", help="build nothing, only let dcache plan the projects")
    arguments = parser.parse_args()
    if arguments.imported:
        arguments.jobs = 1
    runner = Runner(arguments)
    if arguments.plan_only:
        return plan_all(runner, range(arguments.seed, arguments.seed + arguments.count), arguments.jobs)
    results = {"agree": 0, "vague": 0, "disagree": 0, "varies": 0, "unbuildable": 0}
    steps = wrong = in_a_row = longest = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for record in pool.map(runner.steady_trial, range(arguments.seed, arguments.seed + arguments.count)):
            results[record["result"]] += 1
            steps += len(record.get("steps", []))
            if record["result"] in ("vague", "disagree"):
                wrong += record["result"] == "disagree"
                in_a_row = 0
            in_a_row += record["result"] == "agree"
            longest = max(longest, in_a_row)
            if arguments.record and "steps" in record:
                with arguments.record.open("a") as out:
                    out.write(json.dumps({key: value for key, value in record.items() if key not in ("result", "seed")}, ensure_ascii=False) + "\n")
            elif "why" in record and arguments.keep:
                print(f"seed {record['seed']} does not build: {record['why'][-300:]}")
            sys.stdout.flush()
    print(", ".join(f"{count} {name}" for name, count in results.items()), f"({steps} steps)")
    print(f"{longest} edits in a row agree")
    return 1 if wrong else 0


sys.exit(main())
