#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/ci.h"
#include "rules/edits.h"

namespace dcache::rules::DC3002 {
namespace {

// Whether the step that sets Buildx up has a condition of its own.
bool is_set_up_at_times(std::string_view source) {
  const size_t uses = source.find("docker/setup-buildx-action");
  if (uses == std::string_view::npos) return false;
  const size_t begin = source.rfind("- ", uses);
  const size_t line = begin == std::string_view::npos ? begin : source.rfind('\n', begin);
  if (line == std::string_view::npos) return false;
  // Up to the next step, which is indented alike.
  const std::string next = std::string(source.substr(line, begin - line)) + "- ";
  const std::string_view step =
      source.substr(begin, std::min(source.find(next, uses), source.size()) - begin);
  return step.find("if:") != std::string_view::npos;
}

// Two lines above the first input of the action, indented as it is; nothing where the workflow says something
// of caches already, or of another builder than the one that it sets up.
std::optional<lint::Fix> cache_inputs(const text::Document& text, text::Span first_input) {
  constexpr std::string_view kOthers[] = {"cache-from",    "cache-to",    "BUILDX_BUILDER", "buildx use",
                                          "use: false",    "builder:",    "driver: cloud",  "driver: remote",
                                          "buildkit:v0.1", "version: v0."};
  const bool decided =
      is_set_up_at_times(text.source()) || std::ranges::any_of(kOthers, [&](std::string_view one) {
        return text.source().find(one) != std::string_view::npos;
      });
  const uint32_t line = text.lines().line_of(first_input.begin);
  const text::Span whole = text.lines().line_span(line);
  const std::string_view source = whole.of(text.source());
  const std::string indent(source.substr(0, first_input.begin - whole.begin));
  const bool in_braces = text::trim(source).starts_with("with:");
  if (decided || in_braces) return std::nullopt;
  const std::string_view eol = source.ends_with("\r\n") ? "\r\n" : "\n";
  // Comments above the input are about it.
  uint32_t place = line;
  while (place > 1 && text::trim(text.lines().line_span(place - 1).of(text.source())).starts_with('#'))
    --place;
  const uint32_t at = text.lines().line_span(place).begin;
  return replace({at, at},
                 fmt::format("{0}cache-from: type=gha{1}{0}cache-to: type=gha,mode=max{1}", indent, eol),
                 "keep the cache in the service's own");
}

// Whether a workflow runs for tags and releases alone, as far as the text of its `on` tells. GitHub gives the
// cache of one tag to no other.
bool runs_for_tags_alone(std::string_view source) {
  size_t begin = source.find("\non:");
  if (source.starts_with("on:")) begin = 0;
  if (begin == std::string_view::npos) return false;
  std::string_view rest = source.substr(source.starts_with("on:") && begin == 0 ? 0 : begin + 1);
  std::string_view on = rest.substr(0, rest.find('\n'));
  for (size_t at = on.size(); at < rest.size();) {
    const size_t next = std::min(rest.find('\n', at + 1), rest.size());
    const std::string_view line = rest.substr(at + 1, next - at - 1);
    if (!line.empty() && line.front() != ' ' && line.front() != '#' && line.front() != '\r') break;
    on = rest.substr(0, next);
    at = next;
  }
  constexpr std::string_view kOthers[] = {"branches", "pull_request", "schedule", "merge_group",
                                          "workflow_run"};
  const bool tags =
      on.find("tags:") != std::string_view::npos || on.find("release") != std::string_view::npos;
  return tags && std::ranges::none_of(kOthers, [&](std::string_view other) {
           return on.find(other) != std::string_view::npos;
         });
}

// What builds of one Dockerfile have in common.
std::string dockerfile_of(const CiBuild& build) {
  const std::string context = build.context.empty() ? "." : build.context;
  return text::clean_path(build.file.empty() ? text::join_path(context, "Dockerfile") : build.file);
}

std::string remedy_for(const CiBuild& build, lint::CompanionKind kind) {
  if (kind != lint::CompanionKind::kWorkflow)
    return "use docker buildx build with --cache-from and --cache-to, on a builder of docker buildx create";
  const std::string_view what = build.action ? "add cache-from: type=gha and cache-to: type=gha,mode=max"
                                             : "use docker/build-push-action with cache-from and cache-to";
  if (build.has_builder) return std::string(what);
  if (build.docker_driver)
    return fmt::format("take out driver: docker, which can't store this cache, and {}", what);
  return fmt::format("{}, and docker/setup-buildx-action before it", what);
}

void check(lint::Companion& companion, lint::Reporter& reporter) {
  const std::vector<CiBuild> builds = ci_builds(companion);
  for (const CiBuild& build : builds) {
    if (!build.starts_empty || build.no_cache || !build.cache_from.empty() || !build.cache_to.empty())
      continue;
    if (build.context == "-") continue;  // a Dockerfile alone, such as one of a line or two
    // A build of the same Dockerfile earlier in the job has left its steps in the builder.
    const bool again = std::any_of(builds.data(), &build, [&](const CiBuild& other) {
      return other.job == build.job && dockerfile_of(other) == dockerfile_of(build);
    });
    if (again) continue;
    const bool for_tags =
        companion.kind() == lint::CompanionKind::kWorkflow && runs_for_tags_alone(companion.text().source());
    lint::Diagnostic& diagnostic = reporter.report(
        build.span, "this worker starts empty, so that every build runs all its steps",
        for_tags
            ? "add cache-from and cache-to of type=registry; a cache of type=gha is kept for one tag alone"
            : remedy_for(build, companion.kind()));
    // Without a builder of its own the action fails when it is told to export a cache, and several builds
    // need a place each.
    const bool alone = builds.size() == 1 && !build.differs_by_matrix;
    if (build.with && build.has_builder && alone && !for_tags)
      diagnostic.fix = cache_inputs(companion.text(), *build.with);
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/ci/github-actions/cache/",
                                            "https://docs.docker.com/build/cache/backends/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3002",
      .name = "ci-no-cache",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .fix = lint::FixKind::kSafe,
      .summary = "A CI job builds an image on a worker that starts empty, and keeps no cache",
      .rationale =
          "A runner of the service's own is a new machine for each job, and so is the daemon of a "
          "docker:dind service. However well a Dockerfile is ordered, nothing is reused there unless the "
          "cache is brought in from outside with `cache-from`, and stored again with `cache-to`. A second "
          "build of the same Dockerfile in the job finds the steps of the first. The builder that Docker "
          "itself brings (`driver: docker`) can't store a cache of this type.",
      .fix_note =
          "Adds the cache of GitHub Actions to the one build-push-action step of a workflow, if its job "
          "sets up Buildx.",
      .bad = {"on: push\n"
              "jobs:\n"
              "  image:\n"
              "    runs-on: ubuntu-24.04\n"
              "    steps:\n"
              "      - uses: docker/setup-buildx-action@v3\n"
              "      - uses: docker/build-push-action@v6\n"
              "        with:\n"
              "          tags: app\n"},
      .good = {"on: push\n"
               "jobs:\n"
               "  image:\n"
               "    runs-on: ubuntu-24.04\n"
               "    steps:\n"
               "      - uses: docker/setup-buildx-action@v3\n"
               "      - uses: docker/build-push-action@v6\n"
               "        with:\n"
               "          cache-from: type=gha\n"
               "          cache-to: type=gha,mode=max\n"
               "          tags: app\n"},
      .references = kReferences,
      .check_companion = check,
      .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3002
