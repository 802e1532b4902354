#include <algorithm>
#include <iterator>
#include <memory>

#include <gtest/gtest.h>

#include "dcache/context/file_system.h"
#include "dcache/project/definitions.h"
#include "dcache/project/readers.h"
#include "tests/cpu_time.h"
#include "tests/project/long_text.h"
#include "tests/project/shown_definitions.h"

namespace dcache::project {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;
using Environment = std::map<std::string, std::string, std::less<>>;

std::string read_skaffold_files(const Files& files, const std::vector<std::string>& profiles = {},
                                const Environment& environment = {}) {
  const auto memory = std::make_shared<context::MemoryFiles>();
  for (const auto& [path, text] : files)
    memory->write(path, text);
  ReadOptions options;
  options.files = memory;
  options.profiles = profiles;
  options.environment = environment;
  Definitions defined = read_skaffold(files.front().first, options);
  std::ranges::move(profile_failures(defined.lacked_profiles), std::back_inserter(defined.failures));
  return shown(defined);
}

Files file(const std::string& version, const std::string& text) {
  return {{"skaffold.yaml", "apiVersion: skaffold/" + version + "\nkind: Config\n" + text}};
}

// A file of the newest version with these artifacts.
Files artifacts(const std::string& text) {
  return file("v4beta14", "build:\n  artifacts:\n" + text);
}

struct SkaffoldCase {
  Files files;
  std::string shown;
  std::vector<std::string> profiles = {};
  Environment environment = {};
};

void expect_skaffold(const std::vector<SkaffoldCase>& cases) {
  for (const SkaffoldCase& c : cases)
    EXPECT_EQ(read_skaffold_files(c.files, c.profiles, c.environment), c.shown) << c.files.front().second;
}

TEST(Skaffold, ArtifactsOfDockerAreTargets) {
  expect_skaffold({
      {artifacts("  - image: a\n"), "a: context=.\n"},
      {artifacts("  - {image: r/a, context: ./x/, docker: {dockerfile: d/F, target: t}}\n"),
       "r/a: context=x dockerfile=d/F target=t\n"},
      {artifacts("  - image: a\n    platforms: [linux/arm64]\n    docker:\n      buildArgs: {A: 1.10, B: x, "
                 "C: , D: , E: 010}\n"
                 "      noCache: true\n      network: NONE\n      addHost: [h=1.1.1.1]\n      cacheFrom: "
                 "[c:1, c:1]\n"),
       "a: context=. args={A=1.1,B=x,C=env,E=8} platforms=[linux/arm64] from=[type=registry,ref=c:1] "
       "no_cache=yes network=none hosts=[h=1.1.1.1]\n",
       {},
       {{"C", "env"}}},
      {artifacts("  - image: a\n    docker:\n      target: t\n      buildArgs: {A: 1}\n      cliFlags:\n"
                 "      - --build-arg=A=2\n      - --build-arg\n      - B={{.V}}\n      - --target=u\n      "
                 "- --no-cache\n"
                 "      - --platform\n      - linux/arm64\n      - --build-context=c=../d\n      - --pull\n"),
       "a: context=. target=t args={A=2,B=v} contexts={c=../d} platforms=[linux/arm64] no_cache=yes "
       "pull=yes\n",
       {},
       {{"V", "v"}}},
      {artifacts(
           "  - {image: a, jib: {}}\n  - {image: b, kaniko: {}}\n  - {image: c, custom: {buildCommand: x}}\n"
           "  - {image: d, docker: }\n  - {image: e, buildpacks: {builder: x}}\n"),
       "d: context=.\n- a: built by jib\n- b: built by kaniko\n- c: built by custom\n- e: built by "
       "buildpacks\n"},
      {file("v4beta14",
            "build:\n  cluster: {}\n  platforms: [linux/amd64]\n  artifacts:\n  - image: a\n"
            "  - {image: b, docker: {}}\n"),
       "b: context=. platforms=[linux/amd64]\n- a: built by kaniko\n"},
      {file("v4beta14", "build:\n  googleCloudBuild: {}\n  artifacts:\n  - image: a\n"), "a: context=.\n"},
      {artifacts("  - image: app\n    requires: [{image: base, alias: BASE}, {image: r/other}]\n"
                 "    docker: {buildArgs: {r/other: x}}\n  - image: base\n  - {image: r/other, jib: {}}\n"),
       "app: context=. args={r/other=x} needs=[base,r/other] images={BASE=base}\nbase: context=.\n"
       "- r/other: built by jib\n"},
  });
}

TEST(Skaffold, BuildArgumentsAreTemplates) {
  const std::string text =
      "  - image: a\n    docker:\n      buildArgs: {A: '{{.V}}-{{ .W }}', B: 'x {{- \"y\" -}} z', "
      "C: '{{.N}}', D: '{{.V | upper}}', E: '{{.IMAGE_TAG}}'}\n";
  EXPECT_EQ(read_skaffold_files(artifacts(text), {}, {{"V", "v"}, {"W", "w"}}),
            "a: context=. args={A=v-w,B=xyz} unknown=[args.C is {{.N}},args.D is {{.V | upper}},"
            "args.E is {{.IMAGE_TAG}}]\n");
  Files files = artifacts("  - image: a\n    docker: {buildArgs: {A: '{{.M}}', B: '{{.V}}'}}\n");
  files.emplace_back("skaffold.env", "M=from file\nV=file\n");
  EXPECT_EQ(read_skaffold_files(files, {}, {{"V", "v"}}), "a: context=. args={A=from file,B=v}\n");
}

TEST(Skaffold, OlderVersionsAreRead) {
  expect_skaffold({
      {file("v1alpha1",
            "build:\n  artifacts:\n  - {imageName: a, workspace: w, dockerfilePath: F, buildArgs: {A: x}}\n"),
       "a: context=w dockerfile=F args={A=x}\n"},
      {file("v1alpha2",
            "build:\n  artifacts:\n  - {imageName: a, workspace: w, docker: {dockerfilePath: F, target: "
            "t}}\n"),
       "a: context=w dockerfile=F target=t\n"},
      {file("v1beta2", "build:\n  kaniko: {}\n  artifacts:\n  - image: a\n"), "- a: built by kaniko\n"},
      {file("v1beta8",
            "build:\n  artifacts:\n  - image: a\n    plugin: {name: docker, properties: {dockerfile: F}}\n"
            "  - {image: b, jibMaven: {}}\n"),
       "a: context=. dockerfile=F\n- b: built by jib\n"},
      {file("v2alpha1", "build:\n  artifacts:\n  - {image: a, buildpack: {builder: b}}\n"),
       "- a: built by buildpacks\n"},
      {file("v2beta29", ".x: &x {context: c}\nbuild:\n  artifacts:\n  - {image: a, <<: *x}\n"),
       "a: context=c\n"},
  });
}

TEST(Skaffold, ProfilesChangeTheBuild) {
  const std::string base =
      "build:\n  artifacts:\n  - {image: a, docker: {buildArgs: {A: 1}}}\n  - {image: b, context: bb}\n";
  const auto with = [&](const std::string& profiles, const std::vector<std::string>& chosen = {"p"},
                        const Environment& environment = {}) {
    return read_skaffold_files(file("v4beta14", base + "profiles:\n" + profiles), chosen, environment);
  };
  EXPECT_EQ(with("- name: p\n  build: {artifacts: [{image: c}]}\n"), "c: context=.\n");
  EXPECT_EQ(with("- name: p\n  build: {platforms: [x/y]}\n"),
            "a: context=. args={A=1} platforms=[x/y]\nb: context=bb platforms=[x/y]\n");
  EXPECT_EQ(with("- name: p\n  build: {cluster: {}}\n"), "a: context=. args={A=1}\n- b: built by kaniko\n");
  EXPECT_EQ(with("- name: p\n  patches:\n  - {path: /build/artifacts/0/docker/buildArgs, value: {B: 2}}\n"
                 "  - {op: add, path: /build/artifacts/1/docker, value: {target: t}}\n"
                 "  - {op: add, path: /build/artifacts/-, value: {image: c}}\n"
                 "  - {op: remove, path: /build/artifacts/1/context}\n"
                 "  - {op: copy, from: /build/artifacts/1/docker, path: /build/artifacts/2/docker}\n"),
            "a: context=. args={B=2}\nb: context=. target=t\nc: context=. target=t\n");
  EXPECT_EQ(with("- name: p\n  patches:\n  - {op: add, path: /build/artifacts/image=b/docker, value: "
                 "{target: t}}\n"),
            "a: context=. args={A=1}\nb: context=bb target=t\n");
  EXPECT_EQ(with("- name: p\n  patches:\n  - {path: /build/artifacts/0/docker/target, value: t}\n"),
            "a: context=. args={A=1}\nb: context=bb\n! skaffold.yaml:10:5: the patch of "
            "'/build/artifacts/0/docker/target' does not fit; the path has to exist, except its last part "
            "for 'add'\n");
  const std::string replaced = "c: context=.\n", kept = "a: context=. args={A=1}\nb: context=bb\n";
  const auto when = [&](const std::string& activation, const Environment& environment,
                        const std::vector<std::string>& chosen = {}) {
    return with("- name: p\n  activation: " + activation + "\n  build: {artifacts: [{image: c}]}\n", chosen,
                environment);
  };
  EXPECT_EQ(when("[{env: E=prod}]", {{"E", "production"}}), replaced);
  EXPECT_EQ(when("[{env: E=^prod$}]", {{"E", "production"}}), kept);
  EXPECT_EQ(when("[{env: 'E=!prod'}]", {{"E", "test"}}), replaced);
  EXPECT_EQ(when("[{env: E=}]", {}), replaced);
  EXPECT_EQ(when("[{command: build}]", {}), replaced);
  EXPECT_EQ(when("[{command: dev}, {env: E=x}]", {{"E", "x"}}), replaced);
  EXPECT_EQ(when("[{command: dev}, {env: E=x}]\n  requiresAllActivations: true", {{"E", "x"}}), kept);
  EXPECT_EQ(when("[{command: dev, env: E=x}]", {{"E", "x"}}), kept);
  EXPECT_EQ(when("[{kubeContext: minikube}]", {}), kept);
  EXPECT_EQ(when("[{env: E=}]", {}, {"-p"}), kept);
  EXPECT_EQ(with("- name: p\n", {"q"}), kept + "! skaffold.yaml has no profile 'q'; name one that it has\n");
}

TEST(Skaffold, ConfigurationsRequireOthers) {
  const std::string head = "apiVersion: skaffold/v4beta14\nkind: Config\n";
  expect_skaffold({
      {{{"skaffold.yaml",
         head + "requires:\n- path: m1\n- path: m2/other.yaml\n  configs: [x]\n"
                "- git: {repo: 'https://example.com/r.git'}\nbuild: {artifacts: [{image: a}]}\n"},
        {"m1/skaffold.yaml", head + "build: {artifacts: [{image: b, context: src}]}\n"},
        {"m2/other.yaml", head + "metadata: {name: x}\nbuild: {artifacts: [{image: c}]}\n---\n" + head +
                              "metadata: {name: y}\nbuild: {artifacts: [{image: d}]}\n"}},
       "b: context=m1/src\nc: context=m2\na: context=.\n"
       "- https://example.com/r.git: a configuration outside of this repository\n"},
      {{{"skaffold.yaml",
         head + "requires:\n- path: m\n  activeProfiles: [{name: q, activatedBy: [p]}, {name: r, "
                "activatedBy: [z]}]\nprofiles: [{name: p}]\n"},
        {"m/skaffold.yaml",
         head + "build: {artifacts: [{image: b}]}\nprofiles:\n- name: q\n"
                "  build: {artifacts: [{image: c}]}\n- name: r\n  build: {artifacts: [{image: d}]}\n"}},
       "c: context=m\n",
       {"p"}},
      {{{"skaffold.yaml",
         head +
             "metadata: {name: one}\nrequires: [{configs: [two]}]\nbuild: {artifacts: [{image: a}]}\n---\n" +
             head + "metadata: {name: two}\nbuild: {artifacts: [{image: b}]}\n"}},
       "b: context=.\na: context=.\n"},
      {{{"skaffold.yaml", head + "requires: [{path: b.yaml}]\nbuild: {artifacts: [{image: a}]}\n"},
        {"b.yaml", head + "requires: [{path: skaffold.yaml}]\nbuild: {artifacts: [{image: b}]}\n"}},
       "b: context=.\na: context=.\n"},
      {{{"skaffold.yaml", head + "requires: [{path: none}]\nbuild: {artifacts: [{image: a}]}\n"}},
       "a: context=.\n! skaffold.yaml:3:12: none/skaffold.yaml is not there; correct the path of "
       "'requires'\n"},
  });
}

TEST(Skaffold, ADockerfileOutsideOfTheContextIsFound) {
  Files files = artifacts("  - {image: a, context: x/y, docker: {dockerfile: docker/F}}\n");
  files.emplace_back("docker/F", "FROM a\n");
  EXPECT_EQ(read_skaffold_files(files), "a: context=x/y dockerfile=../../docker/F\n");
  files.emplace_back("x/y/docker/F", "FROM a\n");
  EXPECT_EQ(read_skaffold_files(files), "a: context=x/y dockerfile=docker/F\n");
}

TEST(Skaffold, WhatIsWrongHasItsPlaceAndTheRestIsRead) {
  expect_skaffold({
      {{{"skaffold.yaml", "apiVersion: v1\nkind: Pod\n"}},
       "! skaffold.yaml:1:13: unknown version 'v1' of skaffold.yaml; see "
       "https://skaffold.dev/docs/references/yaml/\n"},
      {{{"skaffold.yaml", "kind: Config\n"}},
       "! skaffold.yaml:1:1: 'apiVersion' is missing; write 'apiVersion: skaffold/v4beta13'\n"},
      {{{"skaffold.yaml", "- a\n"}},
       "! skaffold.yaml:1:1: this is not a configuration of Skaffold; write 'apiVersion: "
       "skaffold/v4beta13'\n"},
      {file("v9", "build: {artifacts: [{image: a}]}\n"),
       "a: context=.\n! skaffold.yaml:1:13: unknown version 'skaffold/v9' of skaffold.yaml; see "
       "https://skaffold.dev/docs/references/yaml/\n"},
      {artifacts("  - {context: a}\n  - {image: b}\n"),
       "b: context=.\n! skaffold.yaml:5:5: the artifact has no 'image'; write the name of its image\n"},
      {artifacts("  - {image: a, workspace: w}\n  - {image: b, docker: {dockerfle: x}}\n"),
       "a: context=.\nb: context=.\n! skaffold.yaml:5:16: unknown key 'workspace'; remove it\n"
       "! skaffold.yaml:6:25: unknown key 'dockerfle'; did you mean 'dockerfile'?\n"},
      {artifacts("  - {image: a, docker: {buildArgs: [x]}}\n"),
       "a: context=.\n! skaffold.yaml:5:36: 'buildArgs' is not a map; write NAME: VALUE below it\n"},
      {artifacts("  - {image: a}\n  - {image: a}\n"),
       "a: context=.\n! skaffold.yaml:6:5: two artifacts have the image 'a'; rename one of them\n"},
      {artifacts("  - {image: a, requires: [{image: b}]}\n  - {image: b, requires: [{image: a}]}\n  - "
                 "{image: c}\n"),
       "c: context=.\n! skaffold.yaml:5:5: the image 'a' requires itself, or one that does; remove one "
       "'requires'\n"
       "! skaffold.yaml:6:5: the image 'b' requires itself, or one that does; remove one 'requires'\n"},
      {file("v4beta14", "build: []\n"),
       "! skaffold.yaml:3:8: 'build' has no list of 'artifacts'; write '- image: NAME' below 'artifacts'\n"},
  });
}

TEST(Skaffold, NoInputTakesLong) {
  const std::string head = "apiVersion: skaffold/v4beta14\nkind: Config\n";
  std::string profiles = "profiles:\n";
  for (int i = 0; i < 50'000; ++i)
    profiles += "- {name: p" + std::to_string(i) + ", activation: [{env: A=}]}\n";
  const std::string one = "build: {artifacts: [{image: a}]}\n";
  const std::string copies = "profiles:\n- name: p\n  activation: [{env: A=}]\n  patches:\n" +
                             repeated("  - {op: copy, from: /build, path: /build/x}\n", 100);
  const std::string nested = "profiles:\n- name: p\n  activation: [{env: A=}]\n  patches:\n" +
                             repeated("  - {op: copy, from: /build, path: /build/artifacts/0/x}\n", 100);
  const std::string cases[] = {
      head + one + profiles,
      head + one + copies,
      head + one + nested,
      head + "requires:\n" + repeated("- {path: skaffold.yaml}\n", 50'000) + one,
      repeated(head + "requires: [{path: skaffold.yaml}]\n---\n", 5000),
      head + "build: {artifacts: [{image: a, docker: {buildArgs: {A: '" + repeated("{{.A}}", 1 << 20) +
          "'}}}]}\n",
      head + "build: {artifacts: [{image: a, docker: {cacheFrom: [" + repeated("x, ", 50'000) + "x]}}]}\n",
      head + std::string(4 << 20, '{'),
  };
  for (const std::string& text : cases) {
    const tests::CpuTime time;
    read_skaffold_files({{"skaffold.yaml", text}});
    EXPECT_LT(time.seconds(), 20) << text.substr(0, 120);
  }
}

}  // namespace
}  // namespace dcache::project
