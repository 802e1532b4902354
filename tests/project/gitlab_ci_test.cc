#include <gtest/gtest.h>

#include "dcache/project/readers.h"
#include "tests/cpu_time.h"
#include "tests/project/ci_shown.h"

namespace dcache::project {
namespace {

const std::string kGitlabPath = ".gitlab-ci.yml";

Definitions read_gitlab_text(const std::string& text, context::MemoryFiles files = context::MemoryFiles()) {
  files.write(kGitlabPath, text);
  ReadOptions options;
  options.files = std::make_shared<context::MemoryFiles>(std::move(files));
  return read_gitlab_ci(kGitlabPath, ".", options);
}

std::string with_line(const std::string& line) {
  return "build-it:\n  script:\n    - " + line + "\n";
}

struct GitlabCase {
  std::string given;
  std::string shown;
};

TEST(GitlabCi, CommandsThatBuildDefinitionsAreRead) {
  context::MemoryFiles files;
  files.write("compose.yaml",
              "services:\n  web: {build: {context: web, args: {V: \"${V:-0}\", W: \"${W:-0}\"}}}\n");
  EXPECT_EQ(ci_shown(read_gitlab_text(
                "variables: {V: '1'}\nbuild-it:\n  variables: {W: $CI_COMMIT_SHA}\n  script:\n"
                "    - docker compose build\n",
                files)),
            "web web Dockerfile args.V=1 args.W=${{ $CI_COMMIT_SHA }} ?args.W\n");
}

TEST(GitlabCi, EachJobOfAMatrixHasItsOwnValues) {
  const std::string matrix = "  parallel:\n    matrix:\n      - T: [api, web]\n        V: ['1', '2']\n";
  const std::string script = "  script: ['docker build --target $T --build-arg V=$V -t a/$T:$V .']\n";
  const std::string shown =
      "api-1 . Dockerfile target=api args.V=1 tags=a/api:1\n"
      "api-2 . Dockerfile target=api args.V=2 tags=a/api:2\n"
      "web-1 . Dockerfile target=web args.V=1 tags=a/web:1\n"
      "web-2 . Dockerfile target=web args.V=2 tags=a/web:2\n";
  EXPECT_EQ(ci_shown(read_gitlab_text("b:\n" + matrix + script)), shown);
  for (const char* parallel :
       {"  parallel: !reference [.m, parallel]\n",
        "  parallel: {matrix: !reference [.m, parallel, matrix]}\n", "  extends: .m\n"})
    EXPECT_EQ(ci_shown(read_gitlab_text(".m:\n" + matrix + "b:\n" + parallel + script)), shown) << parallel;
}

TEST(GitlabCi, CommandsAreRead) {
  const GitlabCase cases[] = {
      {"docker build -t $CI_REGISTRY_IMAGE/api:$CI_COMMIT_SHA .",
       "api . Dockerfile tags=$CI_REGISTRY_IMAGE/api:$CI_COMMIT_SHA ?tags\n"},
      {"docker build -t $CI_REGISTRY_IMAGE .", "build-it . Dockerfile tags=$CI_REGISTRY_IMAGE ?tags\n"},
      {"docker buildx build --push -t \"$CI_REGISTRY_IMAGE/web:1\" \"$CI_PROJECT_DIR/web\"",
       "web web Dockerfile tags=$CI_REGISTRY_IMAGE/web:1 ?tags\n"},
      {"/kaniko/executor --context \"$CI_PROJECT_DIR/api\" --dockerfile \"${CI_PROJECT_DIR}/api/Dockerfile\" "
       "--destination \"acme/x:$CI_COMMIT_TAG\" --build-arg A=1 --target t",
       "x api Dockerfile target=t args.A=1 tags=acme/x:$CI_COMMIT_TAG ?tags\n"},
      {"/kaniko/executor --context=dir://$CI_PROJECT_DIR/api --no-push", "api api Dockerfile\n"},
      {"executor -c $CI_PROJECT_DIR -f docker/Dockerfile -d acme/y --cache=true --cache-repo acme/c",
       "y . docker/Dockerfile tags=acme/y\n"},
      {"/kaniko/executor --context . --context-sub-path api --destination a/b",
       "b api Dockerfile tags=a/b\n"},
      {"/kaniko/executor --context git://github.com/a/b.git --dockerfile x/Dockerfile --destination a/b",
       "b git://github.com/a/b.git x/Dockerfile tags=a/b\n"},
      {"buildah build -t a/b -f api/Containerfile .", "b . api/Containerfile tags=a/b by-buildah\n"},
      {"docker compose build",
       "- build-it: it builds what a Compose file in the root defines, which is not in the repository\n"},
      {"echo nothing", ""},
      {"docker build --build-arg TAG=$CI_COMMIT_SHA --cache-from $CI_REGISTRY_IMAGE:latest -t a/b .",
       "b . Dockerfile args.TAG=$CI_COMMIT_SHA tags=a/b from=type=registry,ref=$CI_REGISTRY_IMAGE:latest "
       "?args.TAG ?cache-from\n"},
      {"cd api && docker build .", "api api Dockerfile\n"},
      {"A=(-f x.Dockerfile --target t); docker build -t a/b \"${A[@]}\" .",
       "b . x.Dockerfile target=t tags=a/b\n"},
      {"A=(-q); if t; then A+=(-f x); fi; docker build -t a/b \"${A[@]}\" .",
       "b . Dockerfile tags=a/b ?args ?dockerfile\n"},
  };
  for (const GitlabCase& c : cases)
    EXPECT_EQ(ci_shown(read_gitlab_text(with_line("'" + c.given + "'"))), c.shown) << c.given;
}

TEST(GitlabCi, KanikoFindsItsDockerfileInTheContext) {
  context::MemoryFiles files;
  files.write("api/build.Dockerfile", "FROM scratch");
  files.write("api/Dockerfile", "FROM scratch");
  EXPECT_EQ(ci_shown(read_gitlab_text(with_line("/kaniko/executor -c api -f build.Dockerfile"), files)),
            "build api build.Dockerfile\n");
  EXPECT_EQ(ci_shown(read_gitlab_text(with_line("/kaniko/executor -c api"), files)), "api api Dockerfile\n");
  files.write("Dockerfile", "FROM scratch");
  EXPECT_EQ(ci_shown(read_gitlab_text(with_line("/kaniko/executor -c api"), files)),
            "api api ../Dockerfile\n");
}

TEST(GitlabCi, JobsAreMadeOfWhatTheyExtendAndReferTo) {
  const GitlabCase cases[] = {
      {"variables: {A: 1, B: '$A-x', C: {value: c, description: d}}\n"
       "one:\n  variables: {A: 2}\n  script: ['docker build -t a/$B --target $C .']\n",
       "2-x . Dockerfile target=c tags=a/2-x\n"},
      {".base:\n  variables: {DIR: api, T: x}\n  script: ['docker build --target $T $DIR']\n"
       "web:\n  extends: .base\n  variables: {DIR: web}\n"
       "api:\n  extends: [.base]\n",
       "web web Dockerfile target=x\napi api Dockerfile target=x\n"},
      {".a:\n  variables: {DIR: a}\n.b:\n  extends: .a\n  script: ['docker build $DIR']\n"
       "one:\n  extends: [.a, .b]\n",
       "a a Dockerfile\n"},
      {".x:\n  script: ['docker build api']\n"
       "one:\n  script: [!reference [.x, script], 'docker build web']\n",
       "api api Dockerfile\nweb web Dockerfile\n"},
      {".x: {variables: {DIR: api}}\none:\n  variables: {DIR: !reference [.x, variables, DIR]}\n"
       "  script: docker build $DIR\n",
       "api api Dockerfile\n"},
      {".x: {variables: {DIR: api}}\none:\n  variables: !reference [.x, variables]\n"
       "  script: docker build $DIR\n",
       "api api Dockerfile\n"},
      {"default: {before_script: [cd api]}\none: {script: [docker build .]}\n"
       "two: {before_script: [], script: [docker build .]}\n",
       "api api Dockerfile\ntwo . Dockerfile\n"},
      {"default: {before_script: [cd api]}\nvariables: {T: x}\n"
       "one: {inherit: {default: false, variables: false}, script: [docker build --target $T .]}\n",
       "one . Dockerfile target=$T ?target\n"},
      {"before_script: [export DIR=api]\none: {script: [docker build $DIR]}\n", "api api Dockerfile\n"},
      {"one:\n  parallel: {matrix: [{DIR: [api, web], V: 1}, {DIR: cli, V: [2, 3]}]}\n"
       "  script: docker build --build-arg V=$V $DIR\n",
       "api api Dockerfile args.V=1\nweb web Dockerfile args.V=1\ncli-2 cli Dockerfile args.V=2\n"
       "cli-3 cli Dockerfile args.V=3\n"},
      {"one:\n  variables: {T: a}\n  rules: [{if: $X, variables: {T: b}}]\n"
       "  script: docker build --target $T .\n",
       "one . Dockerfile target=$T ?target\n"},
      {"workflow: {rules: [{if: $X, variables: {T: b}}, {when: always}]}\nvariables: {T: a}\n"
       "one: {script: docker build --target $T .}\n"
       "two: {variables: {T: c}, script: docker build --target $T web}\n",
       "one . Dockerfile target=$T ?target\nweb web Dockerfile target=c\n"},
      {".x: &x [docker build api]\none: {script: [*x, docker build web]}\n",
       "api api Dockerfile\nweb web Dockerfile\n"},
      {"one: {script: [\"docker build \\\\\\n  -t a/b \\\\\\n  .\"]}\n", "b . Dockerfile tags=a/b\n"},
      {".hidden: {script: docker build .}\nvariables: {X: 1}\nstages: [build]\n", ""},
  };
  for (const GitlabCase& c : cases)
    EXPECT_EQ(ci_shown(read_gitlab_text(c.given)), c.shown) << c.given;
}

TEST(GitlabCi, LocalFilesAreIncluded) {
  context::MemoryFiles files;
  files.write("ci/base.yml", ".base: {script: ['docker build -t a/b $DIR']}\nvariables: {DIR: one}\n");
  files.write("ci/jobs/web.yml", "web: {script: docker build web}\n");
  files.write("ci/jobs/deep/api.yml", "api: {script: docker build api}\n");
  files.write(
      "ci/template.yml",
      "spec: {inputs: {dir: {}, stage: {default: prod}}}\n---\n"
      "\"job-$[[ inputs.dir ]]\": {script: 'docker build --target $[[ inputs.stage ]] $[[ inputs.dir ]]'}\n");
  files.write("child/.gitlab-ci.yml", "child: {script: 'docker build --target $T child'}\n");
  const GitlabCase cases[] = {
      {"include: /ci/base.yml\none: {extends: .base}\n", "b one Dockerfile tags=a/b\n"},
      {"include: [{local: ci/base.yml}, {project: a/b, file: x.yml}, https://a.b/c.yml]\n"
       "variables: {DIR: two}\none: {extends: .base}\n",
       "b two Dockerfile tags=a/b\n"},
      {"include: ci/jobs/*.yml\n", "web web Dockerfile\n"},
      {"include: {local: 'ci/jobs/**.yml'}\n", "api api Dockerfile\nweb web Dockerfile\n"},
      {"include: {local: ci/template.yml, inputs: {dir: lib}}\n", "lib lib Dockerfile target=prod\n"},
      {"one: {variables: {T: x}, trigger: {include: child/.gitlab-ci.yml}}\n",
       "child child Dockerfile target=x\n"},
      {"one: {trigger: {include: [{local: child/.gitlab-ci.yml}]}}\n",
       "child child Dockerfile target=$T ?target\n"},
      {"include: missing.yml\none: {script: docker build .}\n",
       "one . Dockerfile\n! .gitlab-ci.yml:1:10: can't read missing.yml: there is no such file\n"},
      {"include: .gitlab-ci.yml\none: {script: docker build .}\n",
       "one . Dockerfile\n! .gitlab-ci.yml:1:10: .gitlab-ci.yml includes itself; remove this include\n"},
  };
  for (const GitlabCase& c : cases)
    EXPECT_EQ(ci_shown(read_gitlab_text(c.given, files)), c.shown) << c.given;
}

// GitLab puts inputs in before a shell splits the line.
TEST(GitlabCi, InputsWithoutAValueAreNotKnown) {
  const std::string header = "spec: {inputs: {s: {}, v: {}}}\n---\n";
  const GitlabCase cases[] = {
      {header + with_line("docker build -t i2 svc/$[[ inputs.s ]]"),
       "i2 svc/$[[ inputs.s ]] Dockerfile tags=i2 ?context\n"},
      {header + with_line("docker build -t i2 \"svc/$[[ inputs.s ]]\""),
       "i2 svc/$[[ inputs.s ]] Dockerfile tags=i2 ?context\n"},
      {header + with_line("docker build -t i2 'svc/$[[ inputs.s ]]'"),
       "i2 svc/$[[ inputs.s ]] Dockerfile tags=i2 ?context\n"},
      {header + with_line("docker build -t i2 --build-arg V=a$[[inputs.v | expand_vars]] svc/a"),
       "i2 svc/a Dockerfile args.V=a$[[inputs.v | expand_vars]] tags=i2 ?args.V\n"},
      {with_line("docker build -t i2 --build-arg V=$[[ inputs.v ]] svc/a"),
       "i2 svc/a Dockerfile args.V=$[[ inputs.v ]] tags=i2 ?args.V\n"},
      {header +
           "one:\n  variables: {W: '$[[ inputs.v ]]'}\n  script: docker build -t i2 --build-arg V=$W svc/a\n",
       "i2 svc/a Dockerfile args.V=$[[ inputs.v ]] tags=i2 ?args.V\n"},
      {header + with_line("if [[ $x == $[[ inputs.v ]] ]]; then docker build -t i2 svc/a; fi"),
       "i2 svc/a Dockerfile tags=i2\n"},
      {"spec: {inputs: {s: {default: 'a b'}}}\n---\n" +
           with_line("docker build -t i2 \"svc/$[[ inputs.s ]]\""),
       "i2 svc/a b Dockerfile tags=i2\n"},
  };
  for (const GitlabCase& c : cases)
    EXPECT_EQ(ci_shown(read_gitlab_text(c.given)), c.shown) << c.given;
}

TEST(GitlabCi, ATargetSaysWhereItIsDefined) {
  context::MemoryFiles files;
  files.write("ci/base.yml", ".base:\n  script:\n    - docker build .\n");
  const Definitions found = read_gitlab_text(
      "include: ci/base.yml\none: {extends: .base}\ntwo:\n  script:\n    - true\n    - docker build -t x .\n",
      files);
  ASSERT_EQ(found.targets.size(), 1U);
  EXPECT_EQ(found.targets[0].name, "one");
  ASSERT_EQ(found.targets[0].defined.size(), 2U);
  EXPECT_EQ(found.targets[0].defined[0].kind, DefinitionKind::kGitlabCi);
  EXPECT_EQ(found.targets[0].defined[0].path, "ci/base.yml");
  EXPECT_EQ(found.targets[0].defined[0].line, 3U);
  EXPECT_EQ(found.targets[0].defined[1].path, kGitlabPath);
  EXPECT_EQ(found.targets[0].defined[1].line, 6U);
}

TEST(GitlabCi, WhatIsWrongHasItsPlace) {
  const GitlabCase cases[] = {
      {"", ""},
      {"- a\n", "! .gitlab-ci.yml:1:1: the file is a list; write a map of jobs\n"},
      {"one: {extends: two, script: docker build .}\ntwo: {extends: one}\n",
       "one . Dockerfile\n! .gitlab-ci.yml:1:6: the job 'one' extends itself, or too many others; remove its "
       "'extends'\n"},
      {"one: {script: [!reference [one, script]]}\n", ""},
      {"one: {extends: .missing, script: docker build .}\n", "one . Dockerfile\n"},
  };
  for (const GitlabCase& c : cases)
    EXPECT_EQ(ci_shown(read_gitlab_text(c.given)), c.shown) << c.given;
  EXPECT_EQ(read_gitlab_text("a: [\n").failures.size(), 1U);
}

TEST(GitlabCi, LargeInputsEndSoon) {
  std::string variables = "variables:\n  A0: x\n";
  for (int i = 1; i < 60; ++i)
    variables +=
        "  A" + std::to_string(i) + ": $A" + std::to_string(i - 1) + "$A" + std::to_string(i - 1) + "\n";
  std::string references = ".r0: {script: [docker build .]}\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "!reference [.r" + std::to_string(i - 1) + ", script]";
    references += ".r" + std::to_string(i) + ": {script: [" + before + ", " + before + "]}\n";
  }
  std::string extends = ".big:\n  variables:\n";
  for (int i = 0; i < 20'000; ++i)
    extends += "    V" + std::to_string(i) + ": x\n";
  for (int i = 0; i < 2'000; ++i)
    extends += "j" + std::to_string(i) + ": {extends: .big, script: docker build .}\n";
  const std::string texts[] = {
      variables + with_line("docker build --build-arg A=$A59 ."),
      references + "one: {script: [!reference [.r59, script]]}\n",
      extends,
      "a: {script: [docker build " + std::string(500'000, '(') + " .]}\n",
  };
  for (const std::string& text : texts) {
    const tests::CpuTime time;
    read_gitlab_text(text);
    EXPECT_LT(time.seconds(), 20) << text.substr(0, 200);
  }
}

}  // namespace
}  // namespace dcache::project
