#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/ci.h"

namespace dcache::rules::DC3007 {
namespace {

// What gives a command the address and the token of GitHub's cache service.
constexpr std::array<std::string_view, 4> kTokens = {"ACTIONS_RUNTIME_TOKEN", "ghaction-github-runtime",
                                                     "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL"};

bool uses_gha(const std::vector<std::string>& caches) {
  return std::ranges::any_of(
      caches, [](const std::string& cache) { return cache_attribute(cache, "type") == "gha"; });
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  const bool is_github = related.kind() == lint::RelatedFileKind::kWorkflow;
  const std::string_view text = related.text().source();
  const bool has_token = std::ranges::any_of(
      kTokens, [&](std::string_view token) { return text.find(token) != std::string_view::npos; });
  BuildFindings findings;
  for (const CiBuild& build : ci_builds(related)) {
    if (build.action || !(uses_gha(build.cache_from) || uses_gha(build.cache_to))) continue;
    if (!is_github) {
      findings.add(build, "a cache of type=gha needs GitHub Actions, and is not used here",
                   "use type=registry,ref=$CI_REGISTRY_IMAGE:cache");
    } else if (!has_token) {
      const bool is_bake = build.defined.starts_with("target");
      findings.add(
          build, "a command has no access to GitHub's cache service, so this cache is not used",
          fmt::format("use docker/{}-action, or crazy-max/ghaction-github-runtime before the command",
                      is_bake ? "bake" : "build-push"));
    }
  }
  findings.report(reporter);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/cache/backends/gha/#authentication",
    "https://github.com/crazy-max/ghaction-github-runtime"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3007",
      .name = "ci-gha-cache",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .summary = "A command in CI uses the cache of GitHub Actions without access to it",
      .rationale =
          "`type=gha` stores the cache in GitHub's cache service. Its address and token are given to "
          "actions, not to commands: `docker buildx build` in a `run:` step finds none, and builds without "
          "a cache. On other CI services there is no such cache at all.",
      .bad = {"on: push\n"
              "jobs:\n"
              "  image:\n"
              "    runs-on: ubuntu-24.04\n"
              "    steps:\n"
              "      - uses: docker/setup-buildx-action@v3\n"
              "      - run: docker buildx build --cache-from type=gha --cache-to type=gha,mode=max .\n"},
      .good = {"on: push\n"
               "jobs:\n"
               "  image:\n"
               "    runs-on: ubuntu-24.04\n"
               "    steps:\n"
               "      - uses: docker/setup-buildx-action@v3\n"
               "      - uses: crazy-max/ghaction-github-runtime@v3\n"
               "      - run: docker buildx build --cache-from type=gha --cache-to type=gha,mode=max .\n"},
      .references = kReferences,
      .check_related = check,
      .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3007
