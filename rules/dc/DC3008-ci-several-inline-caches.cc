#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/ci.h"

namespace dcache::rules::DC3008 {
namespace {

// Whether a build pushes the image with an inline cache.
bool stores_inline(const CiBuild& build, std::string_view image) {
  const bool is_inline = std::ranges::any_of(
      build.cache_to, [](const std::string& to) { return cache_attribute(to, "type") == "inline"; });
  return is_inline && is_pushed_as(build, image);
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  const std::vector<CiBuild> builds = ci_builds(related);
  BuildFindings findings;
  for (const CiBuild& build : builds) {
    const auto sources = std::ranges::count_if(build.cache_from, [&](const std::string& from) {
      return std::ranges::any_of(builds, [&](const CiBuild& other) {
        return other.file == build.file && other.context == build.context &&
               stores_inline(other, image_of_cache(from));
      });
    });
    if (sources < 2) continue;
    findings.add(build,
                 fmt::format("BuildKit does not always find the steps that several of these {} inline caches "
                             "have",
                             sources),
                 "store one cache for all stages: cache-to type=registry,ref=…,mode=max");
  }
  findings.report(reporter);
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/cache/backends/#cache-mode",
                                            "https://docs.docker.com/build/cache/backends/inline/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3008",
      .name = "ci-several-inline-caches",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kDcache,
      .summary = "A CI build imports the inline caches of several stages of one Dockerfile",
      .rationale =
          "Pushing the image of each stage with an inline cache, and importing all of them, is a common way "
          "around `mode=min`. But a step that two imports have is looked up in only one of them, the one "
          "that "
          "answers first. If that one has no layer of the step, or nothing that comes after it, steps run "
          "again that another import has. In recorded builds about one step in six was reused in some runs "
          "and not in others. One cache with `mode=max` is always found.",
      .bad = {"on: push\n"
              "jobs:\n"
              "  image:\n"
              "    runs-on: ubuntu-24.04\n"
              "    steps:\n"
              "      - run: docker build --target build --build-arg BUILDKIT_INLINE_CACHE=1 --cache-from "
              "acme/build -t acme/build .\n"
              "      - run: docker build --build-arg BUILDKIT_INLINE_CACHE=1 --cache-from acme/build "
              "--cache-from acme/app -t acme/app .\n"},
      .good = {"on: push\n"
               "jobs:\n"
               "  image:\n"
               "    runs-on: ubuntu-24.04\n"
               "    steps:\n"
               "      - uses: docker/setup-buildx-action@v3\n"
               "      - run: docker buildx build --cache-from type=registry,ref=acme/app:cache --cache-to "
               "type=registry,ref=acme/app:cache,mode=max -t acme/app .\n"},
      .references = kReferences,
      .check_related = check,
      .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3008
