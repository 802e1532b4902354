#include <gtest/gtest.h>

#include "dcache/project/readers.h"
#include "dcache/project/unknown.h"
#include "tests/cpu_time.h"
#include "tests/project/ci_shown.h"

namespace dcache::project {
namespace {

const std::string kWorkflowPath = ".github/workflows/ci.yml";

Definitions read_workflow_text(const std::string& workflow,
                               context::MemoryFiles files = context::MemoryFiles()) {
  files.write(kWorkflowPath, workflow);
  ReadOptions options;
  options.files = std::make_shared<context::MemoryFiles>(std::move(files));
  return read_workflow(kWorkflowPath, ".", options);
}

std::string indented(const std::string& text, const std::string& by) {
  std::string result = by;
  for (const char c : text) {
    result += c;
    if (c == '\n') result += by;
  }
  return result;
}

// A job with these steps.
std::string with_steps(const std::string& steps) {
  return "jobs:\n  build-it:\n    steps:\n" + indented(steps, "      ") + "\n";
}
std::string with_run(const std::string& script) {
  return with_steps("- run: |\n" + indented(script, "    "));
}
std::string with_action(const std::string& inputs) {
  return with_steps("- uses: docker/build-push-action@v6\n  with:\n" + indented(inputs, "    "));
}

struct WorkflowCase {
  std::string given;
  std::string shown;
};

TEST(Workflow, InputsOfTheBuildActionAreRead) {
  const WorkflowCase cases[] = {
      {"push: true", "build-it . Dockerfile\n"},
      {"context: .", "build-it . Dockerfile\n"},
      {"context: ./app/", "app app Dockerfile\n"},
      {"context: app\nfile: app/Dockerfile", "app app Dockerfile\n"},
      {"context: app\nfile: docker/Dockerfile.web", "web app ../docker/Dockerfile.web\n"},
      {"context: a/b\nfile: ./a/c/Dockerfile", "c a/b ../c/Dockerfile\n"},
      {"file: docker/web.Dockerfile", "web . docker/web.Dockerfile\n"},
      {"context: ${{ github.workspace }}\nfile: ${{github.workspace}}/x/Dockerfile", "x . x/Dockerfile\n"},
      {"context: '{{defaultContext}}'", "build-it . Dockerfile\n"},
      {"context: '{{defaultContext}}:services/api'", "api services/api Dockerfile\n"},
      {"context: '{{defaultContext}}:services/api'\nfile: b/Dockerfile", "b services/api b/Dockerfile\n"},
      {"context: https://github.com/${{ github.repository }}.git#${{ github.ref }}:sub",
       "sub sub Dockerfile\n"},
      {"context: ${{ github.server_url }}/${{ github.repository }}.git#${{ github.sha }}",
       "build-it . Dockerfile\n"},
      {"context: https://github.com/other/thing.git#main:sub",
       "build-it https://github.com/other/thing.git#main:sub Dockerfile\n"},
      {"tags: ghcr.io/acme/api:${{ github.sha }}",
       "api . Dockerfile tags=ghcr.io/acme/api:${{ github.sha }} ?tags\n"},
      {"tags: localhost:5000/acme/api@sha256:abc",
       "api . Dockerfile tags=localhost:5000/acme/api@sha256:abc\n"},
      {"tags: ${{ github.repository }}:x,acme/web",
       "web . Dockerfile tags=${{ github.repository }}:x,acme/web ?tags\n"},
      {"tags: |\n  acme/a:1\n  acme/a:2", "a . Dockerfile tags=acme/a:1,acme/a:2\n"},
      {"target: dev", "build-it . Dockerfile target=dev\n"},
      {"build-args: |\n  A=1\n  B=two words, one\n  \"C=3\"\n  D=${{ github.sha }}",
       "build-it . Dockerfile args.A=1 args.B=two words, one args.C=3 args.D=${{ github.sha }} ?args.D\n"},
      {"build-args: A", "build-it . Dockerfile ?args.A\n"},
      {"build-args: ${{ steps.x.outputs.args }}", "build-it . Dockerfile ?args\n"},
      {"build-contexts: |\n  base=docker-image://alpine:3\n  src=./lib",
       "build-it . Dockerfile contexts.base=docker-image://alpine:3 contexts.src=lib\n"},
      {"platforms: linux/amd64, linux/arm64", "build-it . Dockerfile platforms=linux/amd64,linux/arm64\n"},
      {"cache-from: type=gha,scope=x\ncache-to: |\n  type=gha,mode=max\n  type=inline",
       "build-it . Dockerfile from=type=gha,scope=x to=type=gha,mode=max,type=inline\n"},
      {"no-cache: true\nno-cache-filters: a,b", "build-it . Dockerfile no-cache filter=a,b\n"},
      {"network: host\nadd-hosts: db:1.2.3.4\nshm-size: 2g\nulimit: nofile=1024",
       "build-it . Dockerfile network=host hosts=db:1.2.3.4 ulimits=nofile=1024 shm=2g\n"},
      {"call: check", ""},
      {"outputs: type=image,name=ghcr.io/acme/api,push=true", "api . Dockerfile\n"},
      {"context: ${{ inputs.x }}\nfile: docker/Dockerfile",
       "docker ${{ inputs.x }} docker/Dockerfile ?context\n"},
      {"file: ${{ inputs.x }}/Dockerfile", "build-it . ${{ inputs.x }}/Dockerfile ?dockerfile\n"},
      {"context: /tmp/made", "build-it /tmp/made Dockerfile ?context\n"},
      {"context: ${{ format('services/{0}', 'api') }}", "api services/api Dockerfile\n"},
      {"target: ${{ github.x && 'a' || 'b' }}",
       "build-it . Dockerfile target=${{ github.x && 'a' || 'b' }} ?target\n"},
      {"target: ${{ 1 == 2 && 'a' || 'b' }}", "build-it . Dockerfile target=b\n"},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(with_action(c.given))), c.shown) << c.given;
}

TEST(Workflow, CommandsOfScriptsAreRead) {
  const WorkflowCase cases[] = {
      {"docker build .", "build-it . Dockerfile\n"},
      {"docker build -t acme/api:1 -f api/Dockerfile .", "api . api/Dockerfile tags=acme/api:1\n"},
      {"docker buildx build --platform linux/amd64,linux/arm64 --push app",
       "app app Dockerfile platforms=linux/amd64,linux/arm64\n"},
      {"docker --log-level debug buildx --builder b build --load app", "app app Dockerfile\n"},
      {"docker image build app", "app app Dockerfile\n"},
      {"sudo -E docker build --pull=false -qt acme/x app", "x app Dockerfile tags=acme/x\n"},
      {"podman build --layers app", "app app Dockerfile by-buildah\n"},
      {"podman build", "build-it . Dockerfile by-buildah\n"},
      {"buildah bud -f Containerfile.dev -t x .", "x . Containerfile.dev tags=x by-buildah\n"},
      {"DOCKER_BUILDKIT=0 docker build app", "app app Dockerfile by-classic\n"},
      {"DOCKER_BUILDKIT=1 docker build app", "app app Dockerfile\n"},
      {"export DOCKER_BUILDKIT=false\ndocker image build app", "app app Dockerfile by-classic\n"},
      {"DOCKER_BUILDKIT=0\ndocker build app", "app app Dockerfile\n"},
      {"DOCKER_BUILDKIT=0 docker buildx build app", "app app Dockerfile\n"},
      {"DOCKER_BUILDKIT=0 docker-buildx build app", "app app Dockerfile\n"},
      {"DOCKER_BUILDKIT=$X docker build app", "app app Dockerfile\n"},
      {"docker build \\\n  --build-arg A=1 \\\n  --build-arg=B=\"x y\" \\\n  --target t \\\n  .",
       "build-it . Dockerfile target=t args.A=1 args.B=x y\n"},
      {"docker build --build-context lib=../lib --network=host --no-cache --add-host a:1 --shm-size 1g .",
       "build-it . Dockerfile contexts.lib=../lib no-cache network=host hosts=a:1 shm=1g\n"},
      {"docker build --cache-from acme/x --cache-to type=inline .",
       "build-it . Dockerfile from=type=registry,ref=acme/x to=type=inline\n"},
      // Which shell a runner has that is not known is told by the script.
      {"& docker build `\n  --target t `\n  -f app/Dockerfile .", "app . app/Dockerfile target=t\n"},
      {"cd app && docker build .", "app app Dockerfile\n"},
      {"cd app\ncd ../lib\ndocker build -f ../Dockerfile .", "lib lib ../Dockerfile\n"},
      {"(cd app && docker build .)\n(cd web && docker build .)", "app app Dockerfile\nweb web Dockerfile\n"},
      {"pushd app\ndocker build .\npopd\ndocker build .", "app app Dockerfile\nbuild-it . Dockerfile\n"},
      {"cd $GITHUB_WORKSPACE/app\ndocker build \"$PWD\"", "app app Dockerfile\n"},
      {"cd $(mktemp -d)\ndocker build .", "build-it $(mktemp -d) Dockerfile ?context\n"},
      {"IMAGE=acme/api\ndocker build -t $IMAGE:${TAG:-1} .",
       "api . Dockerfile tags=acme/api:${TAG:-1} ?tags\n"},
      {"ARGS='--target t -t x'\ndocker build $ARGS .", "x . Dockerfile target=t tags=x\n"},
      {"docker build $ARGS app", "app app Dockerfile ?args\n"},
      {"V=$(git describe)\ndocker build --build-arg V=$V .",
       "build-it . Dockerfile args.V=$(git describe) ?args.V\n"},
      {"if true; then docker build app; fi", "app app Dockerfile\n"},
      {"for d in a b; do docker build $d; done", "a a Dockerfile\nb b Dockerfile\n"},
      {"docker compose build\ndocker buildx bake\ndocker buildx create --use",
       "- build-it: it builds what a Compose file in the root defines, which is not in the repository\n"
       "- build-it: it builds what a bake file in the root defines, which is not in the repository\n"},
      {"d=x\nfor d in a b; do docker build $d; done\ndocker build $d", "build-it $d Dockerfile ?context\n"},
      {"d=x\nfor d in $(ls)\ndo\n  docker build $d\ndone", "build-it $d Dockerfile ?context\n"},
      {"d=x\nwhile read -r d rest; do docker build $d; done < list", "build-it $d Dockerfile ?context\n"},
      {"d=x\nread d < file\ndocker build $d", "build-it $d Dockerfile ?context\n"},
      {"d=x\nsource ci/env.sh\ndocker build ${d:-y}", "build-it $d Dockerfile ?context\n"},
      {"d=x\n. ./env\nd=a\ndocker build $d", "a a Dockerfile\n"},
      {"d=x\neval \"$(make env)\"\ndocker build $d", "build-it $d Dockerfile ?context\n"},
      {"d=x\nexport $(grep -v '^#' .env | xargs)\ndocker build $d", "build-it $d Dockerfile ?context\n"},
      {"source ci/env.sh\ndocker build $GITHUB_WORKSPACE/app", "app app Dockerfile\n"},
      {"d=x\n# for d in a\ndocker build $d", "x x Dockerfile\n"},
      {"docker build --check .", ""},
      {"docker buildx imagetools create -t a build", ""},
      {"docker run --rm x build .", ""},
      {"echo docker build .", ""},
      {"docker build - < app/Dockerfile", "app - app/Dockerfile\n"},
      {"docker build -f - . <<EOF\nFROM x\nEOF\n", "build-it . Dockerfile ?dockerfile\n"},
      {"docker build https://github.com/a/b.git", "build-it https://github.com/a/b.git Dockerfile\n"},
      {"export A=1\ndocker build --build-arg A .", "build-it . Dockerfile args.A=1\n"},
      {"A=1\ndocker build --build-arg A .", "build-it . Dockerfile ?args.A\n"},
      {"# docker build app\ntrue", ""},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(with_run(c.given))), c.shown) << c.given;
}

TEST(Workflow, TheFolderOfACommandIsKnown) {
  EXPECT_EQ(ci_shown(read_workflow_text(with_steps("- run: docker build .\n  working-directory: app"))),
            "app app Dockerfile\n");
  EXPECT_EQ(ci_shown(read_workflow_text(
                "defaults: {run: {working-directory: app}}\n"
                "jobs:\n  a: {steps: [{run: docker build .}]}\n"
                "  b: {defaults: {run: {working-directory: web}}, steps: [{run: docker build .}]}\n"
                "  c: {steps: [{run: docker build ., working-directory: ./c}]}\n")),
            "app app Dockerfile\nweb web Dockerfile\nc c Dockerfile\n");
}

TEST(Workflow, PowerShellContinuesLinesInItsOwnWay) {
  EXPECT_EQ(ci_shown(read_workflow_text(
                "jobs:\n  a:\n    runs-on: windows-2022\n    steps:\n"
                "      - run: |\n          docker build `\n            --target x `\n            app\n")),
            "app app Dockerfile target=x\n");
}

TEST(Workflow, EnvironmentsAndInputsAreReplaced) {
  const std::string workflow = R"(
on:
  workflow_dispatch: {inputs: {stage: {default: dev}, other: {}}}
env: {REGISTRY: ghcr.io, NAME: '${{ github.repository_owner }}/api', V: 1}
jobs:
  one:
    env: {V: 2, IMAGE: '${{ env.REGISTRY }}/${{ env.NAME }}'}
    steps:
      - uses: docker/build-push-action@v6
        env: {W: 3}
        with:
          tags: ${{ env.IMAGE }}:${{ env.V }}
          target: ${{ inputs.stage }}
          build-args: |
            W=${{ env.W }}
            X=${{ env.X }}
            Y=${{ inputs.other }}
            Z=${{ github.event.inputs.stage }}
      - run: docker build -t $IMAGE-cli:$V --target ${{ inputs.stage }} cli
)";
  EXPECT_EQ(
      ci_shown(read_workflow_text(workflow)),
      "api . Dockerfile target=dev args.W=3 args.X=${{ env.X }} args.Y=${{ inputs.other }} args.Z=dev "
      "tags=ghcr.io/${{ github.repository_owner }}/api:2 ?tags ?args.X ?args.Y\n"
      "api-cli cli Dockerfile target=dev tags=ghcr.io/${{ github.repository_owner }}/api-cli:2 ?tags\n");
}

TEST(Workflow, InputsAreEmptyInRunsForOtherEvents) {
  const auto shown = [](const std::string& on) {
    return ci_shown(
        read_workflow_text("on:\n" + on +
                           "jobs:\n  one:\n    steps:\n      - uses: docker/build-push-action@v6\n"
                           "        with: {build-args: \"V=${{ inputs.v || 'x' }}\"}\n"));
  };
  const std::string asked = "  workflow_dispatch: {inputs: {v: {default: '9'}}}\n";
  EXPECT_EQ(shown(asked), "one . Dockerfile args.V=9\n");
  EXPECT_EQ(shown(asked + "  push:\n"), "one . Dockerfile args.V=${{ inputs.v || 'x' }} ?args.V\n");
}

TEST(Workflow, VariablesOfEarlierStepsAreKnown) {
  EXPECT_EQ(ci_shown(read_workflow_text(with_steps("- run: |\n    echo \"IMAGE=acme/api\" >> $GITHUB_ENV\n"
                                                   "    echo TAG=$(date) | tee -a \"$GITHUB_ENV\"\n"
                                                   "- run: docker build -t $IMAGE:$TAG .\n"
                                                   "- uses: docker/build-push-action@v6\n"
                                                   "  with: {tags: '${{ env.IMAGE }}', context: web}"))),
            "api . Dockerfile tags=acme/api:${{ env.TAG }} ?tags\n"
            "api-web web Dockerfile tags=acme/api\n");
}

std::string with_matrix(const std::string& matrix, const std::string& inputs) {
  return "jobs:\n  build-it:\n    strategy:\n      matrix: " + matrix +
         "\n    steps:\n      - uses: docker/build-push-action@v6\n        with: " + inputs + "\n";
}

TEST(Workflow, EachJobOfAMatrixIsATarget) {
  struct {
    std::string matrix, inputs, shown;
  } const cases[] = {
      {"{image: [api, web]}", "{context: 'services/${{ matrix.image }}'}",
       "api services/api Dockerfile\nweb services/web Dockerfile\n"},
      {"{v: [1, 2.10]}", "{build-args: 'V=${{ matrix.v }}', tags: acme/a}",
       "a-1 . Dockerfile args.V=1 tags=acme/a\na-2.1 . Dockerfile args.V=2.1 tags=acme/a\n"},
      {"{a: [x, y], b: [1, 2], exclude: [{a: x, b: 2}]}", "{build-args: 'V=${{ matrix.a }}${{ matrix.b }}'}",
       "build-it-x-1 . Dockerfile args.V=x1\nbuild-it-y-1 . Dockerfile args.V=y1\nbuild-it-y-2 . Dockerfile "
       "args.V=y2\n"},
      {"{include: [{image: {name: api, dir: a}}, {image: {name: web, dir: b}}]}",
       "{context: '${{ matrix.image.dir }}', tags: 'acme/${{ matrix.image.name }}'}",
       "api a Dockerfile tags=acme/api\nweb b Dockerfile tags=acme/web\n"},
      {"{a: [x, y], include: [{a: x, t: one}, {a: z, t: two}, {u: all}]}",
       "{context: '${{ matrix.a }}', target: '${{ matrix.t }}', network: '${{ matrix.u }}'}",
       "x x Dockerfile target=one network=all\ny y Dockerfile network=all\nz z Dockerfile target=two\n"},
      {"{platform: [linux/amd64, linux/arm64], os: [a, b]}", "{platforms: '${{ matrix.platform }}'}",
       "build-it . Dockerfile platforms=linux/amd64,linux/arm64\n"},
      {"{target: [a, b]}", "{target: '${{ matrix.target }}', tags: acme/x}",
       "x-a . Dockerfile target=a tags=acme/x\nx-b . Dockerfile target=b tags=acme/x\n"},
      {"'${{ fromJSON(needs.x.outputs.y) }}'", "{context: '${{ matrix.dir }}'}",
       "build-it ${{ matrix.dir }} Dockerfile ?context\n"},
      {"'${{ fromJSON(''{\"dir\":[\"a\",\"b\"]}'') }}'", "{context: '${{ matrix.dir }}'}",
       "a a Dockerfile\nb b Dockerfile\n"},
      {"{dir: [a], v: '${{ fromJSON(needs.x.outputs.y) }}'}",
       "{context: '${{ matrix.dir }}', build-args: 'V=${{ matrix.v }}'}",
       "a a Dockerfile args.V=${{ matrix.v }} ?args.V\n"},
      {"{file: [{path: ./src/a/Dockerfile, tag: a}, {path: ./src/b/Dockerfile, tag: b}]}",
       "{file: '${{ matrix.file.path }}', tags: acme/demo}",
       "demo-a . src/a/Dockerfile tags=acme/demo\ndemo-b . src/b/Dockerfile tags=acme/demo\n"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(with_matrix(c.matrix, c.inputs))), c.shown) << c.matrix;
}

TEST(Workflow, StepsOfAMatrixThatNeverRunAreNotRead) {
  const std::string workflow = R"(
jobs:
  a:
    strategy: {matrix: {image: [{dir: x}, {}]}}
    steps:
      - if: matrix.image.dir != null
        run: docker build ${{ matrix.image.dir }}
      - if: ${{ false }}
        run: docker build never
      - if: github.event_name == 'push'
        run: docker build maybe
      - if: matrix.image.dir == 'x'
        run: echo "T=y" >> $GITHUB_ENV
      - run: docker build --target $T last
)";
  EXPECT_EQ(ci_shown(read_workflow_text(workflow)),
            "x x Dockerfile\nmaybe maybe Dockerfile\nlast-y last Dockerfile target=y\nlast last Dockerfile "
            "target=$T ?target\n");
}

TEST(Workflow, StepsThatBuildTheSameAreOneTarget) {
  const Definitions found =
      read_workflow_text(with_steps("- run: docker build -t test .\n"
                                    "- uses: docker/build-push-action@v6\n"
                                    "  with: {context: ., tags: acme/api, platforms: linux/arm64}"));
  EXPECT_EQ(ci_shown(found), "test . Dockerfile platforms=linux/arm64 tags=test,acme/api\n");
  ASSERT_EQ(found.targets.size(), 1U);
  ASSERT_EQ(found.targets[0].defined.size(), 2U);
  EXPECT_EQ(found.targets[0].folder, ".");
  EXPECT_EQ(found.targets[0].defined[0].path, kWorkflowPath);
  EXPECT_EQ(found.targets[0].defined[0].kind, DefinitionKind::kWorkflow);
  EXPECT_EQ(found.targets[0].defined[0].line, 4U);
  EXPECT_EQ(found.targets[0].defined[1].line, 5U);
}

TEST(Workflow, WhatIsUnknownHasItsReason) {
  const Definitions found =
      read_workflow_text(with_action("build-args: |\n  A=${{ github.sha }}\n  B=v${{ vars.X }}"));
  ASSERT_EQ(found.targets.size(), 1U);
  const std::vector<UnknownAttribute> expected = {{"args.A", "is ${{ github.sha }}"},
                                                  {"args.B", "contains ${{ vars.X }}"}};
  EXPECT_EQ(found.targets[0].unknown, expected);
}

TEST(Workflow, NamesComeFromTheMetadataAction) {
  const std::string steps =
      "- uses: docker/metadata-action@v5\n  id: meta\n  with:\n    images: |\n      ghcr.io/acme/api\n"
      "- uses: docker/build-push-action@v6\n  with: {tags: '${{ steps.meta.outputs.tags }}'}";
  EXPECT_EQ(ci_shown(read_workflow_text(with_steps(steps))),
            "api . Dockerfile tags=${{ steps.meta.outputs.tags }} ?tags\n");
}

TEST(Workflow, NamesAreUnique) {
  EXPECT_EQ(
      ci_shown(read_workflow_text(
          "jobs:\n"
          "  a: {steps: [{run: docker build -t x .}]}\n"
          "  b: {steps: [{run: docker build -t x --build-arg A=1 .}]}\n"
          "  c: {steps: [{run: docker build -t y .; docker build -t x --build-arg A=2 .}]}\n")),
      "x-a . Dockerfile tags=x,y\nx-b . Dockerfile args.A=1 tags=x\nx-c . Dockerfile args.A=2 tags=x\n");
  EXPECT_EQ(ci_shown(read_workflow_text(
                with_run("docker build --build-arg A=1 .\ndocker build --build-arg A=2 ."))),
            "build-it . Dockerfile args.A=1\nbuild-it-2 . Dockerfile args.A=2\n");
}

TEST(Workflow, CalledWorkflowsAreFollowed) {
  context::MemoryFiles files;
  files.write(".github/workflows/image.yml", R"(
on:
  workflow_call:
    inputs: {dir: {required: true, type: string}, stage: {type: string, default: prod}, extra: {type: string}}
env: {WHERE: 'services/${{ inputs.dir }}'}
jobs:
  image:
    if: inputs.dir != 'none'
    steps:
      - run: docker build --target ${{ inputs.stage }} --build-arg E=${{ inputs.extra }} $WHERE
)");
  const Definitions found = read_workflow_text(R"(
jobs:
  all:
    strategy: {matrix: {dir: [api, web, none]}}
    uses: ./.github/workflows/image.yml
    with: {dir: '${{ matrix.dir }}'}
  other:
    uses: acme/shared/.github/workflows/image.yml@v1
)",
                                               files);
  EXPECT_EQ(
      ci_shown(found),
      "api services/api Dockerfile target=prod args.E=\nweb services/web Dockerfile target=prod args.E=\n");
  ASSERT_EQ(found.targets.size(), 2U);
  ASSERT_EQ(found.targets[0].defined.size(), 2U);
  EXPECT_EQ(found.targets[0].defined[0].path, ".github/workflows/image.yml");
  EXPECT_EQ(found.targets[0].defined[0].line, 10U);
  EXPECT_EQ(found.targets[0].defined[1].path, kWorkflowPath);
  EXPECT_EQ(found.targets[0].defined[1].line, 3U);
}

TEST(Workflow, LocalActionsAreFollowed) {
  context::MemoryFiles files;
  files.write(".github/actions/image/action.yml", R"(
inputs: {dir: {required: true}, file: {default: Dockerfile}}
runs:
  using: composite
  steps:
    - uses: docker/build-push-action@v6
      with: {context: '${{ inputs.dir }}', file: '${{ inputs.dir }}/${{ inputs.file }}'}
    - run: docker build ${{ github.action_path }}/tool
      shell: bash
)");
  files.write(".github/actions/tool/action.yaml", "runs: {using: docker, image: Dockerfile}");
  EXPECT_EQ(ci_shown(read_workflow_text(with_steps("- uses: ./.github/actions/image\n  with: {dir: app}\n"
                                                   "- uses: ./.github/actions/tool\n- uses: ./missing"),
                                        files)),
            "app app Dockerfile\n"
            "tool .github/actions/image/tool Dockerfile\n"
            "tool-2 .github/actions/tool Dockerfile\n");
  EXPECT_EQ(
      ci_shown(read_workflow_text(with_steps("- uses: $/.github/actions/tool\n- uses: $/missing"), files)),
      "tool .github/actions/tool Dockerfile\n");
}

TEST(Workflow, OfThisRepositoryAreCalledByBothSpellings) {
  for (const char* const start : {"./", "$/"}) {
    context::MemoryFiles files;
    files.write(".github/workflows/image.yml", "jobs: {x: {steps: [{run: docker build api}]}}");
    const std::string caller = std::string("jobs: {all: {uses: ") + start + ".github/workflows/image.yml}}";
    EXPECT_EQ(ci_shown(read_workflow_text(caller, files)), "api api Dockerfile\n") << start;
  }
}

TEST(Workflow, CyclesEnd) {
  context::MemoryFiles files;
  files.write(".github/workflows/a.yml", "jobs: {x: {uses: ./.github/workflows/a.yml}}");
  files.write("act/action.yml", "runs: {using: composite, steps: [{uses: ./act}]}");
  EXPECT_EQ(ci_shown(read_workflow_text("jobs: {x: {uses: ./.github/workflows/a.yml}}", files)),
            "! .github/workflows/a.yml:1:18: the workflow ./.github/workflows/a.yml calls itself; remove "
            "this job\n");
  EXPECT_EQ(ci_shown(read_workflow_text(with_steps("- uses: ./act"), files)),
            "! act/action.yml:1:34: the action ./act uses itself; remove this step\n");
}

TEST(Workflow, CheckoutsMovePaths) {
  EXPECT_EQ(ci_shown(read_workflow_text(with_steps(
                "- uses: actions/checkout@v4\n  with: {path: src}\n"
                "- uses: actions/checkout@v4\n  with: {repository: acme/tools, path: tools, ref: v1}\n"
                "- run: docker build -f src/docker/Dockerfile src/app\n"
                "- run: docker build -f tools/docker/Dockerfile tools/app\n"))),
            "docker app ../docker/Dockerfile\n"
            "docker-2 https://github.com/acme/tools.git#v1:app ../docker/Dockerfile\n");
}

TEST(Workflow, BakeFilesAreReadWithTheStepAsAnOrigin) {
  context::MemoryFiles files;
  files.write("docker-bake.hcl",
              "variable \"VERSION\" {\n  default = \"0\"\n}\n"
              "target \"api\" {\n  args = {\n    VERSION = VERSION\n  }\n}\n"
              "target \"web\" {\n  args = {\n    VERSION = VERSION\n  }\n}\n");
  const Definitions found = read_workflow_text(R"(
env: {VERSION: '${{ github.sha }}'}
jobs:
  bake:
    steps:
      - uses: docker/bake-action@v6
        with:
          targets: api
          set: |
            api.context=app
      - uses: docker/bake-action@v6
        with: {files: './docker-bake.hcl', targets: 'web,api'}
        env: {VERSION: 2}
      - uses: docker/bake-action@v6
        with: {files: '${{ steps.x.outputs.file }}'}
)",
                                               files);
  ASSERT_EQ(found.targets.size(), 3U);
  EXPECT_EQ(ci_shown(found.targets[0]), "api app Dockerfile args.VERSION=${{ github.sha }} ?args.VERSION");
  ASSERT_EQ(found.targets[0].defined.size(), 2U);
  EXPECT_EQ(found.targets[0].defined[0].kind, DefinitionKind::kBake);
  EXPECT_EQ(found.targets[0].defined[1].kind, DefinitionKind::kWorkflow);
  EXPECT_EQ(found.targets[0].defined[1].line, 6U);
  EXPECT_EQ(found.targets[1].args.at("VERSION"), "2");
  ASSERT_EQ(found.skipped.size(), 1U);
  EXPECT_EQ(found.skipped[0].reason, "its bake file ${{ steps.x.outputs.file }} is not in the repository");
}

TEST(Workflow, CommandsThatBuildDefinitionsAreRead) {
  context::MemoryFiles files;
  files.write("ci/images.hcl",
              "variable \"VERSION\" {\n  default = \"0\"\n}\n"
              "target \"default\" {\n  context = \"app\"\n  args = {\n    VERSION = VERSION\n  }\n}\n"
              "target \"other\" {}\n");
  files.write("deploy/stack.yml",
              "services:\n  web: {build: {context: web, args: {V: \"${V:-0}\"}}}\n  api: {build: api}\n");
  const WorkflowCase cases[] = {
      {"- run: docker buildx bake -f ci/images.hcl --push", "default app Dockerfile args.VERSION=0\n"},
      {"- run: cd ci && docker buildx bake --file images.hcl other", "other . Dockerfile\n"},
      {"- run: VERSION=2 docker buildx bake -f ci/images.hcl --set default.target=x",
       "default app Dockerfile target=x args.VERSION=2\n"},
      {"- run: docker buildx bake -f ci/images.hcl\n  env: {VERSION: '${{ github.sha }}'}",
       "default app Dockerfile args.VERSION=${{ github.sha }} ?args.VERSION\n"},
      {"- run: docker buildx bake -f ci/images.hcl --set default.args.VERSION=$V",
       "default app Dockerfile args.VERSION=${{ $V }} ?args.VERSION\n"},
      {"- run: |\n    export V=$(date)\n    docker compose -f deploy/stack.yml build web",
       "web web Dockerfile args.V=${{ $(date) }} ?args.V\n"},
      {"- run: docker compose -f deploy/stack.yml up -d --build\n  env: {V: 1}",
       "web web Dockerfile args.V=1\napi api Dockerfile\n"},
      {"- run: docker compose -f deploy/stack.yml up -d", ""},
      {"- run: docker buildx bake -f ci/images.hcl --print", ""},
      {"- run: docker compose -f deploy/stack.yml build web --build-arg V=2 --build-arg W=${{ inputs.w }}",
       "web web Dockerfile args.V=2 args.W=${{ inputs.w }} ?args.W\n"},
      {"- run: docker compose -f deploy/stack.yml build web --build-arg V\n  env: {V: 3}",
       "web web Dockerfile args.V=3\n"},
      {"- run: docker buildx bake\n  env: {BUILDX_BAKE_FILE: ci/images.hcl}",
       "default app Dockerfile args.VERSION=0\n"},
      {"- run: docker compose build api\n  env: {COMPOSE_FILE: deploy/stack.yml}", "api api Dockerfile\n"},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(with_steps(c.given), files)), c.shown) << c.given;
  const Definitions below =
      read_workflow_text(with_steps("- run: docker compose -f deploy/stack.yml build api"), files);
  ASSERT_EQ(below.targets.size(), 1U);
  EXPECT_EQ(below.targets[0].folder, "deploy");
  EXPECT_EQ(below.targets[0].defined[1].kind, DefinitionKind::kWorkflow);
}

// What a matrix lists are names of targets, and what a variable has may be an option.
TEST(Workflow, AWordOfAMatrixIsNotAnOption) {
  context::MemoryFiles files;
  files.write("docker-bake.hcl", "target \"default\" {}\ntarget \"b\" { context = \"b\" }\n");
  const std::string job =
      "jobs:\n  b:\n    strategy: {matrix: {target: \"${{ fromJSON(inputs.list) }}\"}}\n    steps:\n";
  EXPECT_EQ(
      ci_shown(read_workflow_text(job + "      - run: docker buildx bake ${{ matrix.target }}\n", files)),
      "default . Dockerfile\nb b Dockerfile\n");
  EXPECT_EQ(ci_shown(read_workflow_text(with_steps("- run: docker buildx bake ${{ inputs.what }}"), files)),
            "default . Dockerfile ?args\nb b Dockerfile ?args\n");
}

// Paths of -f start where the command runs, and those in the file in the project's folder.
TEST(Workflow, ComposeMayHaveAnotherProjectFolder) {
  context::MemoryFiles files;
  files.write("deploy/prod.yml",
              "services: {api: {build: {context: ./api, args: {V: \"${V:-d}\", W: \"${W:-d}\"}}}}\n");
  files.write("deploy/up.yml", "services: {api: {build: {context: ../api}}}\n");
  files.write("deploy/.env", "W=deploy\n");
  files.write("x/compose.yaml", "services: {x: {build: .}}\n");
  const std::string of_root = ".: api api Dockerfile args.V=d args.W=d\n";
  const WorkflowCase cases[] = {
      {"- run: docker compose --project-directory . -f deploy/prod.yml build", of_root},
      {"- run: docker compose -f deploy/prod.yml --project-directory=. build", of_root},
      {"- run: docker compose -f ./deploy/prod.yml --project-directory $PWD build", of_root},
      {"- run: cd deploy && docker compose -f prod.yml --project-directory .. build", of_root},
      {"- run: cd deploy && docker compose -f prod.yml --project-directory ${{ github.workspace }} build",
       of_root},
      {"- run: V=7 docker compose --project-directory deploy -f deploy/up.yml build",
       "deploy: api ../api Dockerfile\n"},
      {"- run: V=7 docker compose --project-directory deploy -f deploy/prod.yml build",
       "deploy: api api Dockerfile args.V=7 args.W=deploy\n"},
      {"- run: docker compose -f $PWD/deploy/up.yml build", "deploy: api ../api Dockerfile\n"},
      {"- run: cd x && docker compose -f ${{ github.workspace }}/deploy/up.yml build",
       "deploy: api ../api Dockerfile\n"},
      {"- run: docker compose -f \"$GITHUB_WORKSPACE/deploy/up.yml\" build",
       "deploy: api ../api Dockerfile\n"},
      {"- run: docker compose --project-directory x build", "x: x . Dockerfile\n"},
  };
  for (const WorkflowCase& c : cases) {
    const Definitions found = read_workflow_text(with_steps(c.given), files);
    ASSERT_EQ(found.targets.size(), 1U) << c.given;
    EXPECT_EQ(found.targets[0].folder + ": " + ci_shown(found), c.shown) << c.given;
  }
  const Definitions open = read_workflow_text(
      with_steps("- run: docker compose --project-directory $DIR -f deploy/prod.yml build"), files);
  ASSERT_EQ(open.skipped.size(), 1U);
  EXPECT_TRUE(open.skipped[0].is_open);
  EXPECT_EQ(open.skipped[0].reason, "paths in its files start in ${{ $DIR }}");
}

TEST(Workflow, FilesMayNameTheWorkspace) {
  context::MemoryFiles files;
  files.write("deploy/stack.yml",
              "services: {web: {build: {context: \"${GITHUB_WORKSPACE}/web\", dockerfile: "
              "\"${GITHUB_WORKSPACE}/docker/Dockerfile\"}}}\n");
  files.write(
      "ci/images.hcl",
      "variable \"GITHUB_WORKSPACE\" {}\ntarget \"default\" {\n  context = \"${GITHUB_WORKSPACE}/app\"\n}\n");
  const WorkflowCase cases[] = {
      {"- run: docker compose -f deploy/stack.yml build", "web ../web ../docker/Dockerfile\n"},
      {"- run: docker buildx bake -f ci/images.hcl", "default app Dockerfile\n"},
      {"- uses: docker/bake-action@v6\n  with: {files: ci/images.hcl, set: '*.context=${{ github.workspace "
       "}}/lib'}",
       "default lib Dockerfile\n"},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(with_steps(c.given), files)), c.shown) << c.given;
}

TEST(Workflow, ComposeMayBeGivenItsVariables) {
  context::MemoryFiles files;
  files.write("deploy/stack.yml",
              "services:\n  api: {profiles: [ci], build: {context: api, args: {V: \"${V:-d}\", N: "
              "\"${COMPOSE_PROJECT_NAME}\"}}}\n  web: {build: {context: web, args: {V: \"${V:-d}\"}}}\n");
  files.write("deploy/.env", "V=own\n");
  files.write("ci/a.env", "V=a\n");
  files.write("ci/b.env", "V=b\n");
  const std::string build = "docker compose -f deploy/stack.yml ";
  const WorkflowCase cases[] = {
      {"- run: " + build + "build web", "web web Dockerfile args.V=own\n"},
      {"- run: " + build + "--env-file ci/a.env build web", "web web Dockerfile args.V=a\n"},
      {"- run: " + build + "--env-file ci/a.env --env-file ci/b.env build web",
       "web web Dockerfile args.V=b\n"},
      {"- run: " + build + "--env-file $GITHUB_WORKSPACE/ci/b.env build web",
       "web web Dockerfile args.V=b\n"},
      {"- run: V=c " + build + "--env-file ci/a.env build web", "web web Dockerfile args.V=c\n"},
      {"- run: " + build + "build web\n  env: {COMPOSE_ENV_FILES: 'ci/b.env,ci/a.env'}",
       "web web Dockerfile args.V=a\n"},
      {"- run: " + build + "--env-file made.env build web", "web web Dockerfile args.V=d ?args\n"},
      {"- run: " + build + "--env-file $FILE build web", "web web Dockerfile args.V=d ?args\n"},
      {"- run: " + build + "-p shop --profile ci build api", "api api Dockerfile args.N=shop args.V=own\n"},
      {"- run: " + build + "build\n  env: {COMPOSE_PROFILES: other}", "web web Dockerfile args.V=own\n"},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(with_steps(c.given), files)), c.shown) << c.given;
  const Definitions made =
      read_workflow_text(with_steps("- run: " + build + "--env-file made.env build web"), files);
  EXPECT_EQ(words_of(made.targets.at(0).unknown.at(0)),
            "the build arguments may use variables of made.env, which is not in the repository");
}

TEST(Workflow, ADockerfileOnStandardInputHasNoContext) {
  const WorkflowCase cases[] = {
      {"docker build -t r6 - < a/Dockerfile", "r6 - a/Dockerfile tags=r6\n"},
      {"cd a && docker build -t r6 - < Dockerfile", "r6 - a/Dockerfile tags=r6\n"},
      {"cat a/Dockerfile | docker build -t r6 -", "r6 - a/Dockerfile tags=r6\n"},
      {"docker build -t r6 - <<EOF\nFROM alpine\nEOF", "r6 - Dockerfile tags=r6 ?dockerfile\n"},
      {"sed s/a/b/ a/Dockerfile | docker build -t r6 -", "r6 - Dockerfile tags=r6 ?dockerfile\n"},
      // The context is what standard input contains.
      {"docker build -t r6 - < a.tar.gz", "r6 - Dockerfile tags=r6 ?context\n"},
      {"docker build -t r6 -f x/Dockerfile - < a.tar.gz", "r6 - x/Dockerfile tags=r6 ?context\n"},
      {"tar -C a -c . | docker build -t r6 -", "r6 - Dockerfile tags=r6 ?context\n"},
      {"git archive HEAD | docker build -t r6 -f x/Dockerfile -", "r6 - x/Dockerfile tags=r6 ?context\n"},
      {"docker build -t r6 -", "r6 - Dockerfile tags=r6 ?context\n"},
      {"docker build -t r6 - < $FILE", "r6 - Dockerfile tags=r6 ?context\n"},
      // The Dockerfile alone is on standard input.
      {"docker build -t r6 . < a/Dockerfile", "r6 . Dockerfile tags=r6\n"},
      {"docker build -t r6 -f - . < a/Dockerfile", "r6 . a/Dockerfile tags=r6\n"},
      {"cat a/Dockerfile | docker build -t r6 -f - .", "r6 . a/Dockerfile tags=r6\n"},
      {"docker build -t r6 -f - . <<EOF\nFROM alpine\nEOF", "r6 . Dockerfile tags=r6 ?dockerfile\n"},
      // Docker refuses both.
      {"docker build -t r6 -f - -", ""},
      {"docker build -t r6 -f b/Dockerfile - < a/Dockerfile", ""},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(with_run(c.given))), c.shown) << c.given;
  const auto reason = [](const char* script) {
    return words_of(read_workflow_text(with_run(script)).targets.at(0).unknown.at(0));
  };
  EXPECT_EQ(reason("docker build - < a.tar.gz"), "the context is the archive a.tar.gz");
  EXPECT_EQ(reason("tar c . | docker build -"), "the context is an archive on standard input");
  EXPECT_EQ(reason("docker build -"), "the context is what standard input contains");
}

TEST(Workflow, ActionsOfOthersMayBuild) {
  const WorkflowCase cases[] = {
      {"- uses: redhat-actions/buildah-build@v2\n  with: {containerfiles: ./api/Containerfile, context: "
       "./api}",
       "api api Containerfile\n"},
      {"- uses: acme/build@v1\n  with: {dockerfile: api/Dockerfile, build_context: .}",
       "api . api/Dockerfile\n"},
      {"- uses: hadolint/hadolint-action@v3\n  with: {dockerfile: api/Dockerfile}", ""},
      {"- uses: acme/upload@v1\n  with: {file: notes.txt, context: .}", ""},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(with_steps(c.given))), c.shown) << c.given;
  EXPECT_EQ(ci_shown(read_workflow_text(
                "on: push\njobs:\n  image:\n    uses: acme/ci/.github/workflows/build.yml@main\n    "
                "with: {dockerfile: api/Dockerfile, context: .}\n")),
            "api . api/Dockerfile\n");
}

TEST(Workflow, CommandsMayBuildWhatIsNotKnown) {
  context::MemoryFiles files;
  files.write("ci/images.hcl", "target \"default\" {}\n");
  files.write("ci/broken.hcl", "target \"default\" {\n  tags = [nosuch(1)]\n}\n");
  const auto why_open = [&](const std::string& step) {
    const Definitions found = read_workflow_text(with_steps(step), files);
    if (found.skipped.empty()) return found.failures.empty() ? std::string() : found.failures.front().path;
    return (found.skipped[0].is_open ? "" : "known: ") + found.skipped[0].reason;
  };
  const WorkflowCase cases[] = {
      {"- run: docker buildx bake -f ci/images.hcl", ""},
      {"- run: docker buildx bake -f $FILE", "it builds what $FILE defines"},
      {"- run: docker buildx bake -f gen.hcl",
       "it builds what gen.hcl defines, which is not in the repository"},
      {"- run: docker buildx bake -f - < ci/images.hcl", "it builds what standard input defines"},
      {"- run: docker buildx bake",
       "it builds what a bake file in the root defines, which is not in the repository"},
      {"- run: docker compose -f gen.yaml build",
       "it builds what gen.yaml defines, which is not in the repository"},
      {"- run: docker buildx bake -f ci/images.hcl other",
       "it builds the target other, which ci/images.hcl does not define"},
      {"- uses: docker/bake-action@v6\n  with: {files: gen.hcl}",
       "its bake file gen.hcl is not in the repository"},
      {"- uses: docker/bake-action@v6\n  with: {source: 'https://example.org/x.git'}",
       "known: its bake files are in https://example.org/x.git"},
      {"- run: docker buildx bake https://example.org/x.git#main app",
       "known: its files are in https://example.org/x.git#main"},
      {"- run: docker buildx bake -f ci/broken.hcl", "ci/broken.hcl"},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(why_open(c.given), c.shown) << c.given;
}

TEST(Workflow, BakeTargetsMayInheritFromWhatOnlyCiKnows) {
  context::MemoryFiles files;
  files.write("docker-bake.hcl",
              "variable \"BASE\" {\n  default = \"alpine\"\n}\n"
              "target \"of-alpine\" {\n  target = \"alpine\"\n}\n"
              "target \"app\" {\n  inherits = [\"of-${BASE}\"]\n}\n");
  const Definitions found = read_workflow_text(
      with_steps(
          "- uses: docker/bake-action@v6\n  with: {targets: app}\n  env: {BASE: '${{ inputs.base }}'}"),
      files);
  EXPECT_TRUE(found.failures.empty());
  ASSERT_EQ(found.targets.size(), 1U);
  ASSERT_EQ(found.targets[0].unknown.size(), 1U);
  EXPECT_EQ(words_of(found.targets[0].unknown[0]), "'inherits' uses of-${{ inputs.base }}");
}

// A name that only CI knows may be that of any target which bake is meant to build.
TEST(Workflow, TargetsThatOthersInheritFromAreNotBuiltByUnknownNames) {
  context::MemoryFiles files;
  files.write("docker-bake.hcl",
              "target \"meta\" {\n  tags = [\"x\"]\n}\ntarget \"app\" {\n  inherits = [\"meta\"]\n}\n");
  for (const char* step : {"- uses: docker/bake-action@v6\n  with: {targets: '${{ inputs.target }}'}",
                           "- run: docker buildx bake ${{ inputs.target }}"}) {
    const Definitions found = read_workflow_text(with_steps(step), files);
    ASSERT_EQ(found.targets.size(), 1U) << step;
    EXPECT_EQ(found.targets[0].name, "app") << step;
  }
}

TEST(Workflow, OverridesOfBakeMayBeOpen) {
  const auto read_set = [](const std::string& set) {
    context::MemoryFiles files;
    files.write("docker-bake.hcl", "target \"default\" {}\n");
    return ci_shown(
        read_workflow_text(with_steps("- uses: docker/bake-action@v6\n  with:\n    set: " + set), files));
  };
  const std::string where = "! .github/workflows/ci.yml:4: ";
  const WorkflowCase cases[] = {
      {"'*.platform=${{ inputs.platform }}'",
       "default . Dockerfile platforms=${{ inputs.platform }} ?platforms\n"},
      {"'*.platform=linux/${{ inputs.arch }}'",
       "default . Dockerfile platforms=linux/${{ inputs.arch }} ?platforms\n"},
      {"'*.args.V=${{ a == b }}'", "default . Dockerfile args.V=${{ a == b }} ?args.V\n"},
      {"'${{ inputs.target }}.output=type=docker'", "default . Dockerfile\n"},
      {"'${{ inputs.target }}.args.V=1'", "default . Dockerfile ?args.V\n"},
      {"'*.no-cache=${{ inputs.cold }}'", "default . Dockerfile ?no-cache\n"},
      {"'*.labels.a=${{ inputs.cold }}'", "default . Dockerfile labels.a=${{ inputs.cold }} ?labels\n"},
      {"'other.args.V=1'", "default . Dockerfile\n" + where +
                               "there is no target \"other\" whose args.V can be set; use a name of the "
                               "bake file\n"},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(read_set(c.given), c.shown) << c.given;
}

TEST(Workflow, FilesThatAreNotKnownArePathsOfTheContext) {
  EXPECT_EQ(ci_shown(read_workflow_text(
                with_action("context: docs/recipes\nfile: docs/recipes/${{ inputs.file }}"))),
            "recipes docs/recipes ${{ inputs.file }} ?dockerfile\n");
  EXPECT_EQ(
      ci_shown(read_workflow_text(with_action("context: ./a/b\nfile: ${{ inputs.folder }}/Dockerfile"))),
      "b a/b ../../${{ inputs.folder }}/Dockerfile ?dockerfile\n");
}

TEST(Workflow, LabelsAreRead) {
  EXPECT_EQ(ci_shown(read_workflow_text(with_action("labels: |\n  a=1\n  b=${{ github.sha }}\n"
                                                    "annotations: index:t=x"))),
            "build-it . Dockerfile labels.a=1 labels.b=${{ github.sha }} annotations=index:t=x ?labels\n");
  EXPECT_EQ(ci_shown(read_workflow_text(with_run("docker build --label a=1 --label=b --annotation c=2 ."))),
            "build-it . Dockerfile labels.a=1 labels.b= annotations=c=2\n");
}

TEST(Workflow, WhatIsWrongHasItsPlace) {
  const WorkflowCase cases[] = {
      {"", ""},
      {"jobs: [",
       "! .github/workflows/ci.yml:1:1: this is not YAML: end of sequence flow not found; see "
       "https://yaml.org for the format\n"},
      {"- a\n",
       "! .github/workflows/ci.yml:1:1: the workflow has no jobs; write 'jobs:' with the jobs below it\n"},
      {"on: push\n",
       "! .github/workflows/ci.yml:1:1: the workflow has no jobs; write 'jobs:' with the jobs below it\n"},
      {"jobs:\n  a: text\n  b: {steps: [{run: docker build .}]}\n",
       "b . Dockerfile\n! .github/workflows/ci.yml:2:6: the job 'a' is text; write a map with 'steps'\n"},
      {"jobs:\n  a: {steps: {run: x}}\n",
       "! .github/workflows/ci.yml:2:14: 'steps' is a map; write a list of steps\n"},
      {"jobs:\n  a:\n    steps:\n      - x\n      - run: docker build .\n",
       "a . Dockerfile\n! .github/workflows/ci.yml:4:9: a step is text; write a map with 'uses' or 'run'\n"},
      {with_action("cache-to: gha,mode=max"),
       "build-it . Dockerfile\n! .github/workflows/ci.yml:4:1: 'gha' of the cache 'gha,mode=max' is not "
       "KEY=VALUE; "
       "write type=TYPE,KEY=VALUE\n"},
  };
  for (const WorkflowCase& c : cases)
    EXPECT_EQ(ci_shown(read_workflow_text(c.given)), c.shown) << c.given;
  ReadOptions options;
  options.files = std::make_shared<context::MemoryFiles>();
  EXPECT_EQ(read_workflow("x.yml", ".", options).failures.size(), 1U);
}

// Texts that could make it take long, use much memory or call deeply.
TEST(Workflow, LargeInputsEndSoon) {
  std::string axes;
  for (int i = 0; i < 20; ++i)
    axes += (i > 0 ? ", a" : "a") + std::to_string(i) + ": [1, 2, 3, 4, 5, 6, 7, 8, 9]";
  std::string doubling = "A=xxxxxxxx\n";
  for (int i = 0; i < 60; ++i)
    doubling += "A=$A$A\n";
  std::string steps;
  for (int i = 0; i < 20'000; ++i)
    steps += "- run: docker build -t acme/x --build-arg A=" + std::to_string(i) + " .\n";
  std::string tags = "tags: |\n";
  for (int i = 0; i < 200'000; ++i)
    tags += "  acme/x:" + std::to_string(i) + "\n";
  const std::string texts[] = {
      with_matrix("{" + axes + "}", "{build-args: 'A=${{ toJSON(matrix) }}'}"),
      with_run(doubling + "docker build --build-arg A=$A ."),
      with_steps(steps),
      with_action(tags),
      with_action("target: ${{ " + std::string(100'000, '(') + " }}"),
      with_action("target: ${{ " + std::string(100'000, '!') + "1 }}"),
      with_action("target: '" + std::string(300'000, '$') + "'"),
      with_run("docker build " + std::string(300'000, '$') + " ."),
      with_run("docker build " + std::string(300'000, '(') + " ."),
      with_run("docker build \"" + std::string(300'000, '`')),
      with_action("build-args: '" +
                  [] {
                    std::string text;
                    for (int i = 0; i < 100'000; ++i)
                      text += "${{";
                    return text;
                  }() +
                  "'"),
  };
  for (const std::string& text : texts) {
    const tests::CpuTime time;
    const Definitions found = read_workflow_text(text);
    EXPECT_LE(found.targets.size(), 20'000U);
    EXPECT_LT(time.seconds(), 20) << text.substr(0, 200);
  }
}

}  // namespace
}  // namespace dcache::project
