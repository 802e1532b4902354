"""Real builds, and how their steps compare with what dcache says: what scripts/compare-with-docker and
tests/conformance/random_builds.py have in common.

Builds get no network, so base images have to be there.
"""
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DCACHE = str(Path(os.environ.get("DCACHE", ROOT / "build/release/cli/dcache")).resolve())
COMMANDS = {
    "buildkit": "docker buildx build --network=none --progress=rawjson",
    "classic": "docker build --network=none",
    "buildah": "buildah bud --layers --isolation=chroot",
}

# A step is known by its stage's name ("stage-1" or "" without one) and number, or, where the builder counts
# instructions, by the line of its instruction.
Place = tuple[str, int] | int


class BuildFailed(Exception):
    pass


class Built(dict[Place, bool]):
    """For each step that was looked at, whether it was reused; and what the builder printed."""

    def __init__(self, steps: dict[Place, bool], output: str):
        super().__init__(steps)
        self.output = output


def dcache(folder: Path, *arguments: str) -> str:
    run = subprocess.run([DCACHE, *arguments], cwd=folder, capture_output=True, text=True)
    if run.returncode != 0:
        raise BuildFailed("dcache: " + run.stderr)
    return run.stdout


class Builder:
    """One of COMMANDS, or another command that prints as it does."""

    def __init__(self, kind: str = "buildkit", command: str = ""):
        self.kind = kind
        self.command = (command or COMMANDS[kind]).split()

    def build(self, folder: Path, options: list[str], dockerfile: str = "Dockerfile") -> Built:
        environment = dict(os.environ, DOCKER_BUILDKIT="1" if self.kind == "buildkit" else "0")
        run = subprocess.run([*self.command, *options, "-f", dockerfile, "."], cwd=folder, env=environment, capture_output=True,
                             text=True, errors="replace")
        text = run.stdout + run.stderr
        if run.returncode != 0:
            raise BuildFailed(text)
        if self.kind == "buildkit":
            return Built(raw_steps(text) or plain_steps(text), text)
        return Built(counted_steps(text, instruction_lines(folder, dockerfile)), text)


def add_step(steps: dict[Place, bool], name: str, reused: bool) -> None:
    """`name` is "[stage 2/5] RUN x"; what is internal, and FROM, is left out."""
    step = re.match(r"\[(?:(\S+) )?\s*(\d+)/\d+\] (.*)", name, re.S)
    # `LINK …` is how the layer of a `COPY --link` is put onto what is below; the copying itself is another entry.
    if step and not step[3].startswith(("FROM ", "LINK ")):
        steps[step[1] or "", int(step[2])] = reused


def raw_steps(text: str) -> dict[Place, bool]:
    """From BuildKit's --progress=rawjson: one JSON object a line."""
    vertexes: dict[str, dict] = {}
    for line in text.split("\n"):
        if line.startswith("{"):
            for vertex in json.loads(line).get("vertexes", []):
                vertexes.setdefault(vertex["digest"], {}).update(vertex)
    steps: dict[Place, bool] = {}
    for vertex in vertexes.values():
        if "completed" in vertex:
            add_step(steps, vertex["name"], bool(vertex.get("cached")))
    return steps


def plain_steps(text: str) -> dict[Place, bool]:
    """From BuildKit's --progress=plain."""
    names: dict[str, str] = {}
    states: dict[str, str] = {}
    for line in text.split("\n"):
        if name := re.match(r"#(\d+) (\[.*)", line):
            names.setdefault(name[1], name[2])
        if state := re.match(r"#(\d+) (CACHED|DONE)", line):
            states.setdefault(state[1], state[2])
    steps: dict[Place, bool] = {}
    for number, state in states.items():
        if number in names:
            add_step(steps, names[number], state == "CACHED")
    return steps


def plain_times(text: str) -> dict[Place, float]:
    """How long each step took, in seconds, from --progress=plain: nothing for those that were reused."""
    names = dict(re.findall(r"^#(\d+) \[(.*)", text, re.M))
    times: dict[Place, float] = {}
    for number, seconds in re.findall(r"^#(\d+) DONE (\d+\.\d)s", text, re.M):
        steps: dict[Place, bool] = {}
        add_step(steps, f"[{names.get(number, '')}", False)
        for place in steps:
            times[place] = float(seconds)
    return times


def instruction_lines(folder: Path, dockerfile: str) -> list[list[int]]:
    """The first lines of the instructions, by stage; those before the first FROM are by themselves."""
    parsed = json.loads(dcache(folder, "parse", "--format", "json", dockerfile))
    stages: list[list[int]] = [[]]
    for instruction in parsed["instructions"]:
        if instruction["instruction"] == "from":
            stages.append([])
        stages[-1].append(instruction["start_line"])
    return stages


def counted_steps(text: str, stages: list[list[int]]) -> dict[Place, bool]:
    """From the classic builder ("Step 2/5 : RUN x", one count for all) and buildah ("[1/2] STEP 2/5: RUN x", a count per
    stage that begins with FROM), which say "Using cache" under what they reuse."""
    steps: dict[Place, bool] = {}
    at: Place | None = None
    for line in text.split("\n"):
        if step := re.match(r"Step (\d+)/\d+ : ", line):
            at = [line for stage in stages for line in stage][int(step[1]) - 1]
            steps[at] = False
        elif step := re.match(r"(?:\[(\d+)/\d+\] )?STEP (\d+)/\d+: (\S+)", line):
            at = None if step[3] == "COMMIT" else stages[int(step[1] or 1)][int(step[2]) - 1]
            if at is not None:
                steps[at] = False
        elif "Using cache" in line and at is not None:
            steps[at] = True
    return steps


def matched(said: dict, built: dict[Place, bool]) -> list[tuple[dict, bool]]:
    """The steps that dcache told of and the build showed, with whether they were reused."""
    return [(step, built[place]) for step, place in places_of(said, built)]


def places_of(said: dict, built: dict[Place, bool]) -> list[tuple[dict, Place]]:
    """The same steps, with what the build calls them."""
    numbers: dict[str, int] = {}  # of the step looked at last, by stage; FROM counts as one
    by_line = any(isinstance(place, int) for place in built)
    labels = set() if by_line else {place[0] for place in built}
    pairs = []
    left = set(built)
    for step in said["steps"]:
        if step["verdict"] == "unused":
            continue
        stage = step["stage"]
        numbers[stage] = numbers.get(stage, 0) + 1
        label = next((name for name in (stage, "stage-" + stage, "") if name in labels), None)
        # Steps that two stages share show up in one of them; those that nobody needed don't show up at all. By line a
        # step shows once: what ONBUILD put off has the line of its ONBUILD.
        place: Place = step["line"] if by_line else (label or "", numbers[stage])
        is_there = place in left and (by_line or label is not None)
        if by_line:
            left.discard(place)
        if is_there and not step["instruction"].upper().startswith("FROM "):
            pairs.append((step, place))
    return pairs
