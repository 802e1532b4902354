#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/ci.h"
#include "rules/edits.h"

namespace dcache::rules {
namespace {

// Two lines above the first input of the action, indented as it is.
lint::Fix cache_inputs(const text::Document& text, text::Span first_input) {
  const uint32_t line = text.lines().line_of(first_input.begin);
  const text::Span whole = text.lines().line_span(line);
  const std::string_view source = whole.of(text.source());
  const std::string indent(source.substr(0, first_input.begin - whole.begin));
  const std::string_view eol = source.ends_with("\r\n") ? "\r\n" : "\n";
  return replace({whole.begin, whole.begin},
                 fmt::format("{0}cache-from: type=gha{1}{0}cache-to: type=gha,mode=max{1}", indent, eol),
                 "keep the cache in the service's own");
}

void check(lint::Companion& companion, lint::Reporter& reporter) {
  const std::vector<CiBuild> builds = ci_builds(companion);
  for (const CiBuild& build : builds) {
    if (!build.starts_empty || build.no_cache || !build.cache_from.empty() || !build.cache_to.empty())
      continue;
    const bool workflow = companion.kind() == lint::CompanionKind::kWorkflow;
    lint::Diagnostic& diagnostic =
        reporter.report(build.span, "this worker starts empty, so that every build runs all its steps",
                        build.action ? "add cache-from: type=gha and cache-to: type=gha,mode=max"
                        : workflow   ? "use docker/build-push-action with cache-from and cache-to"
                                     : "use docker buildx build with --cache-from and --cache-to");
    // Without a builder of its own the action fails when it is told to export a cache, and several builds
    // need a place each.
    const bool alone = builds.size() == 1 && !build.differs_by_matrix;
    if (build.with && build.has_builder && alone)
      diagnostic.fix = cache_inputs(companion.text(), *build.with);
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/ci/github-actions/cache/",
                                            "https://docs.docker.com/build/cache/backends/"};

}  // namespace

lint::Rule DC3002() {
  return {.code = "DC3002",
          .name = "ci-no-cache",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kSafe,
          .summary = "A CI job builds an image on a worker that starts empty, and keeps no cache",
          .rationale =
              "A runner of the service's own is a new machine for each job, and so is the daemon of a "
              "docker:dind service. However well a Dockerfile is ordered, nothing is reused there unless the "
              "cache is brought in from outside with `cache-from`, and stored again with `cache-to`.",
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

}  // namespace dcache::rules
