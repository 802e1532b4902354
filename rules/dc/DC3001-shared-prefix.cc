#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/rule.h"
#include "dcache/text/file_io.h"
#include "rules/stages.h"
#include "rules/volatile.h"

namespace dcache::rules {
namespace {

namespace fs = std::filesystem;
using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr size_t kMostDockerfiles = 32;  // of a folder; more are no images of one project

// The instructions of a stage as one line each, FROM included without the stage's name.
using Lines = std::vector<std::string>;

std::string from_line(const Instruction& from) {
  return from.arguments.empty() ? "" : fmt::format("FROM {}", from.arguments.front().text);
}

std::vector<Lines> stages_of(const dockerfile::File& file) {
  std::vector<Lines> stages;
  for (const Instruction& instruction : file.instructions()) {
    if (instruction.keyword == Keyword::kFrom) {
      stages.push_back({from_line(instruction)});
    } else if (!stages.empty()) {
      stages.back().push_back(instruction.one_line());
    }
  }
  return stages;
}

struct Sibling {
  std::string name;
  std::string text;
  std::vector<Lines> stages;
};

// The Dockerfiles at the root of the context, read once for all of them.
struct Siblings {
  std::vector<Sibling> all;
};

Siblings read_siblings(const lint::Surroundings& around) {
  Siblings siblings;
  std::vector<fs::path> paths;
  std::error_code failure;
  for (fs::directory_iterator at(around.folder, failure), end; !failure && at != end; at.increment(failure)) {
    if (lint::is_dockerfile_name(at->path().filename().string())) paths.push_back(at->path());
    if (paths.size() > kMostDockerfiles) return siblings;
  }
  std::ranges::sort(paths);
  for (const fs::path& path : paths) {
    auto text = text::read_file(path.string());
    if (!text) continue;
    auto stages = stages_of(dockerfile::parse(*text));
    siblings.all.push_back({path.filename().string(), std::move(*text), std::move(stages)});
  }
  return siblings;
}

// How many instructions two stages begin with alike, FROM among them.
size_t common_start(const Lines& a, const Lines& b) {
  const auto differing = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<size_t>(differing.first - a.begin());
}

// The last costly step among the first of a stage; null for none.
const Instruction* last_costly(lint::Subject& subject, const WrittenStage& stage, size_t count) {
  const Instruction* last = nullptr;
  for (const Instruction& instruction : stage.body.first(count)) {
    if (is_costly(subject, instruction)) last = &instruction;
  }
  return last;
}

void look_at(lint::Subject& subject, const WrittenStage& stage, const Siblings& siblings,
             lint::Reporter& reporter) {
  Lines lines = {from_line(*stage.from)};
  for (const Instruction& instruction : stage.body)
    lines.push_back(instruction.one_line());
  const Sibling* best = nullptr;
  size_t most = 0;
  for (const Sibling& sibling : siblings.all) {
    // The Dockerfile itself is among them: those in front of it are the ones it repeats.
    if (sibling.text == subject.file().source()) break;
    for (const Lines& other : sibling.stages) {
      const size_t common = common_start(lines, other);
      if (common <= most) continue;
      most = common;
      best = &sibling;
    }
  }
  const Instruction* costly = most < 2 ? nullptr : last_costly(subject, stage, most - 1);
  if (costly == nullptr) return;
  reporter.report(
      costly->span,
      fmt::format("{} starts with the same {} instructions: machines of their own do this work twice",
                  best->name, most),
      "make one Dockerfile of them with a target for each, or a base image of what they share");
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const lint::Surroundings* around = subject.surroundings();
  if (around == nullptr) return;
  const Siblings& siblings = around->shared<Siblings>([&] { return read_siblings(*around); });
  for (const WrittenStage& stage : written_stages(subject)) {
    if (stage.from != nullptr) look_at(subject, stage, siblings, reporter);
  }
}

constexpr lint::ExampleFile kRepeating[] = {
    {"Dockerfile", "FROM node:22 AS deps\nCOPY package.json ./\nRUN npm install\nCOPY api ./api\n"},
    {"Dockerfile.web", "FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY web ./web\n"},
    {"package.json", "{}\n"}};
constexpr lint::ExampleFile kOther[] = {
    {"Dockerfile", "FROM python:3.12\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n"},
    {"Dockerfile.web", "FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY web ./web\n"},
    {"package.json", "{}\n"}};
constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/multi-stage/",
                                            "https://docs.docker.com/build/bake/"};

}  // namespace

lint::Rule DC3001() {
  return {
      .code = "DC3001",
      .name = "shared-prefix",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kDcache,
      .not_in_default = "a builder that builds both shares the steps by itself",
      .summary = "Several Dockerfiles of a folder begin with the same costly steps",
      .rationale =
          "Two Dockerfiles that begin with the same image, the same files and the same install make the same "
          "layers. One builder finds that out by itself. CI jobs that run on machines of their own do "
          "not: each installs all of it. As stages of one Dockerfile, or on a base image that holds what "
          "they share, it is done once, and kept up to date in one place.\n\n"
          "Of Dockerfiles at the root of one context the later ones in the order of their names are "
          "reported.",
      .bad = {"FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY web ./web\n", kRepeating},
      .good = {"FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY web ./web\n", kOther},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules
