#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/edits.h"
#include "rules/package_managers.h"
#include "rules/syntax_version.h"

namespace dcache::rules::DC1016 {
namespace {

using dockerfile::Instruction;
using lint::Run;
using plan::Graph;
using plan::Step;

constexpr int kSyntaxOfMounts = 2;

// A COPY of single files of the context, spelled out, into the working directory.
bool is_plain(const Step& copy) {
  const Instruction& instruction = *copy.instruction;
  if (copy.kind != Step::Kind::kCopy || instruction.keyword != dockerfile::Keyword::kCopy ||
      instruction.json || !instruction.flags.empty() || instruction.arguments.size() < 2)
    return false;
  const std::string_view destination = instruction.arguments.back().text;
  if (destination != "." && destination != "./") return false;
  const auto sources = instruction.arguments.first(instruction.arguments.size() - 1);
  return std::ranges::all_of(sources, [](const dockerfile::Word& source) {
    return source.text.find_first_of("*?[$\"'\\") == std::string_view::npos && source.text != "." &&
           !source.text.ends_with('/');
  });
}

// Whether it copies everything of the context to the same place.
bool brings_all_again(const Step& copy, const Step& manifests) {
  return copy.kind == Step::Kind::kCopy && copy.destination == manifests.destination &&
         std::ranges::any_of(copy.reads, [](const plan::Read& read) {
           return read.origin == plan::Read::Origin::kContext &&
                  std::ranges::any_of(read.selectors, [](const plan::Selector& selector) {
                    return selector.takes_everything();
                  });
         });
}

std::string_view without_dot(std::string_view path) {
  return path.starts_with("./") ? path.substr(2) : path;
}

// Whether every file is a manifest of a package manager that the RUN installs with.
bool are_its_manifests(const Instruction& copy, std::span<const Use> uses) {
  const auto sources = copy.arguments.first(copy.arguments.size() - 1);
  return std::ranges::all_of(sources, [&](const dockerfile::Word& source) {
    const std::string_view path = without_dot(source.text);
    const std::string_view name = text::base_name(path);
    return std::ranges::any_of(uses, [&](const Use& use) {
      const auto has = [&](Words names) { return std::ranges::find(names, name) != names.end(); };
      return use.installs_dependencies && (has(use.manager->manifests) || has(use.manager->optional) ||
                                           std::ranges::any_of(use.files, [&](const std::string& file) {
                                             return without_dot(file) == path;
                                           }));
    });
  });
}

std::vector<std::string> bind_flags(const Instruction& copy) {
  std::vector<std::string> flags;
  for (const dockerfile::Word& source : copy.arguments.first(copy.arguments.size() - 1)) {
    const std::string_view path = without_dot(source.text);
    flags.push_back(fmt::format("--mount=type=bind,source={},target={}", path, text::base_name(path)));
  }
  return flags;
}

void look_at(lint::Dockerfile& dockerfile, const Step& copy, const Run& run, lint::Reporter& reporter) {
  const Instruction& instruction = *copy.instruction;
  const std::vector<std::string> flags = bind_flags(instruction);
  lint::Diagnostic& diagnostic =
      reporter.report(instruction.span,
                      fmt::format("only the RUN in line {} reads these files before they are copied again",
                                  run.instruction->start_line),
                      fmt::format("write RUN {} there, and remove this COPY", fmt::join(flags, " ")));
  const dockerfile::File& file = dockerfile.file();
  if (instruction.start_line != instruction.end_line) return;
  lint::Fix fix;
  fix.description = "use bind mounts instead";
  fix.unsafe_because = "bind mounts are read-only, and an install that updates its lock file fails then";
  fix.removed = {instruction.span.begin};
  fix.edits = {{file.lines().line_span(instruction.start_line), ""}, insert_flags(run, file, flags)};
  diagnostic.fix = std::move(fix);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (has_syntax_below(dockerfile.file(), kSyntaxOfMounts)) return;
  const Graph& graph = dockerfile.graph();
  for (const plan::Stage& stage : graph.stages) {
    for (size_t i = 0; i + 2 < stage.steps.size(); ++i) {
      const Step& copy = graph.steps[stage.steps[i]];
      if (!is_plain(copy) || graph.steps[stage.steps[i + 1]].kind != Step::Kind::kRun) continue;
      const Run& run = dockerfile.run_of(stage.steps[i + 1]);
      if (run.onbuild || !are_its_manifests(*copy.instruction, uses_of(dockerfile, run))) continue;
      // The next COPY has to bring the files too, for steps that read them later.
      if (brings_all_again(graph.steps[stage.steps[i + 2]], copy)) look_at(dockerfile, copy, run, reporter);
    }
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/cache/optimize/#use-bind-mounts",
    "https://docs.docker.com/reference/dockerfile/#run---mounttypebind"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1016",
          .name = "bind-instead-of-copy",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kUnsafe,
          .not_in_default =
              "it saves only one small layer, and every file that follows DC1001 would have the finding",
          .summary = "Manifests are copied for one RUN that could use bind mounts",
          .rationale =
              "A COPY of manifests makes a layer, and the COPY of everything after the install overwrites "
              "its files. With `--mount=type=bind` the RUN reads the files of the context without a layer, "
              "and rebuilds for exactly the same edits.",
          .fix_note =
              "Replaces the COPY by bind mounts of the RUN. Unsafe: bind mounts are read-only, and an "
              "install that updates its lock file fails then.",
          .bad = {"FROM node:22\n"
                  "WORKDIR /app\n"
                  "COPY package.json package-lock.json ./\n"
                  "RUN npm ci\n"
                  "COPY . .\n"},
          .good = {"FROM node:22\n"
                   "WORKDIR /app\n"
                   "RUN --mount=type=bind,source=package.json,target=package.json \\\n"
                   "    --mount=type=bind,source=package-lock.json,target=package-lock.json npm ci\n"
                   "COPY . .\n"},
          .references = kReferences,
          .needs_buildkit = true,
          .check = check};
}

}  // namespace dcache::rules::DC1016
