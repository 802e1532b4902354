// The files that define builds: compose, bake, Skaffold, GitHub workflows, GitLab CI, [[images]].
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "dcache/context/file_system.h"
#include "dcache/project/images.h"
#include "dcache/report/images.h"
#include "dcache/report/style.h"
#include "dcache/text/failure.h"
#include "tests/fuzz/targets.h"

namespace dcache::fuzz {
namespace {

constexpr std::string_view kRoot = "/r/";

// The repository that all are about.
const std::shared_ptr<const context::FileSystem>& repository() {
  static const std::shared_ptr<const context::FileSystem> files = [] {
    context::MemoryFiles all;
    const auto write = [&](const char* path, const char* text) {
      all.write(std::string(kRoot) + path, text);
    };
    write(".env", "VERSION=1\nTAG=${VERSION}-a\n");
    write("Dockerfile", "ARG BASE=alpine\nFROM ${BASE} AS build\nCOPY . .\nFROM build\nRUN x\n");
    write("api/Dockerfile", "FROM scratch\nCOPY a b\n");
    write("base.yaml", "services:\n  base:\n    build: ./api\n    environment: {A: 1}\n");
    write("variables.hcl", "variable \"TAG\" { default = \"x\" }\ntarget \"base\" { context = \"api\" }\n");
    write(".github/actions/build/action.yml",
          "runs:\n  using: composite\n  steps:\n    - run: docker build .\n");
    write("ci/base.yml", ".base:\n  script: [docker build api]\n");
    return std::make_shared<const context::MemoryFiles>(std::move(all));
  }();
  return files;
}

// Reads a definition, with a second one over it where the input has two parts.
void run_definition(std::string_view name, std::string_view override_name, std::string_view input) {
  const auto all = parts(input);
  auto files = std::make_shared<context::MemoryFiles>(repository());
  project::ProjectOptions options;
  const auto add = [&](std::string_view path, std::string_view text) {
    files->write(std::string(kRoot) + std::string(path), std::string(text));
    options.definitions.push_back(std::string(kRoot) + std::string(path));
  };
  add(name, all[0]);
  if (all.size() > 1 && !override_name.empty()) add(override_name, all[1]);
  options.read.files = files;
  options.read.environment = {{"CI", "true"}, {"REGISTRY", "ghcr.io/acme"}};
  options.read.profiles = {"dev"};
  options.build.files = files;
  const project::Project project = project::read_project(std::string(kRoot), options);
  for (const text::Failure& failure : project.failures)
    expect(!failure.message.empty(), "a failure says something");
  std::string table, json;
  report::append_images(project, report::Style(false), table);
  expect_printable(table, "images");
  report::append_images_json(project, json);
  expect_json(json, "images");
}

}  // namespace

void run_compose(std::string_view input) {
  run_definition("compose.yaml", "compose.override.yaml", input);
}

void run_bake(std::string_view input) {
  run_definition("docker-bake.hcl", "docker-bake.override.hcl", input);
}

void run_bake_json(std::string_view input) {
  run_definition("docker-bake.json", "docker-bake.override.json", input);
}

void run_skaffold(std::string_view input) {
  run_definition("skaffold.yaml", {}, input);
}

void run_workflow(std::string_view input) {
  run_definition(".github/workflows/build.yml", ".github/workflows/reusable.yml", input);
}

void run_gitlab(std::string_view input) {
  run_definition(".gitlab-ci.yml", {}, input);
}

}  // namespace dcache::fuzz
