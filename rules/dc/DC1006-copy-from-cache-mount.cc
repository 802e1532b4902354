#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"

namespace dcache::rules::DC1006 {
namespace {

using lint::Dockerfile;
using lint::Run;
using plan::Step;

struct CacheMount {
  std::string target;
  const Run* run = nullptr;
};

// The cache mount that contains `path` in the result of a stage, unless a later step puts files there.
std::optional<CacheMount> find_mount(Dockerfile& dockerfile, size_t stage, std::string_view path) {
  const plan::Graph& graph = dockerfile.graph();
  for (std::optional<size_t> at = graph.stages[stage].last_step; at; at = graph.steps[*at].below) {
    const Step& step = graph.steps[*at];
    if (step.kind == Step::Kind::kCopy && text::is_within(path, step.destination)) return std::nullopt;
    if (step.kind == Step::Kind::kCopy && text::is_within(step.destination, path)) return std::nullopt;
    if (step.kind != Step::Kind::kRun) continue;
    const Run& run = dockerfile.run_of(*at);
    for (const dockerfile::Mount& mount : run.mounts) {
      if (mount.type != dockerfile::Mount::Type::kCache) continue;
      std::string target = text::clean_path(mount.target);
      if (text::is_within(path, target)) return CacheMount{std::move(target), &run};
    }
    // A RUN without the mount that names the place may well fill it.
    if (run.script.find(path) != std::string_view::npos ||
        run.script.find(text::parent_path(path)) != std::string_view::npos) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool has_cache_mount(const Run& run) {
  return std::any_of(run.mounts.begin(), run.mounts.end(), [](const dockerfile::Mount& mount) {
    return mount.type == dockerfile::Mount::Type::kCache;
  });
}

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (std::none_of(dockerfile.runs().begin(), dockerfile.runs().end(), has_cache_mount)) return;
  for (const Step& step : dockerfile.graph().steps) {
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kStage) continue;
      for (const plan::Selector& selector : read.selectors) {
        const auto mount = find_mount(dockerfile, read.stage, selector.path);
        if (!mount) continue;
        reporter.report(
            step.instruction->span,
            fmt::format("{} is in {}, a cache mount of line {}: its files are not in a layer, so nothing "
                        "is copied",
                        selector.written, mount->target, mount->run->instruction->start_line),
            fmt::format(
                "at the end of line {}, copy what is needed to a path outside {}, and copy it from there",
                mount->run->instruction->start_line, mount->target));
      }
    }
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#run---mounttypecache"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1006",
          .name = "copy-from-cache-mount",
          .level = lint::Level::kError,
          .summary = "Files are copied from a path that was a cache mount in another stage",
          .rationale =
              "A cache mount is there only while one RUN works. What is written to it stays in the "
              "builder's cache, and is not in a layer of the stage. A `COPY --from` of such a path "
              "fails, or copies an empty folder.",
          .bad = {"FROM rust:1.78 AS build\nWORKDIR /src\n"
                  "RUN --mount=type=cache,target=/src/target cargo build --release\n"
                  "FROM debian:12\nCOPY --from=build /src/target/release/app /usr/bin/app\n"},
          .good = {"FROM rust:1.78 AS build\nWORKDIR /src\n"
                   "RUN --mount=type=cache,target=/src/target cargo build --release && cp target/release/app "
                   "/usr/bin/app\n"
                   "FROM debian:12\nCOPY --from=build /usr/bin/app /usr/bin/app\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1006
