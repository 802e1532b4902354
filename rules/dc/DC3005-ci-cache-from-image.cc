#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/ci.h"

namespace dcache::rules::DC3005 {
namespace {

bool stores_cache_in(const CiBuild& build, std::string_view image) {
  return std::ranges::any_of(build.cache_to, [&](const std::string& to) {
    return cache_attribute(to, "type") == "inline" || is_same_image(image_of_cache(to), image);
  });
}

// Whether a command of the file may push an image that an action has built.
bool may_push(const lint::RelatedFile& related) {
  constexpr std::array<std::string_view, 4> kPushing = {"docker push", "docker image push", "skopeo",
                                                        "crane"};
  const std::string_view text = related.text().source();
  return std::ranges::any_of(
      kPushing, [&](std::string_view command) { return text.find(command) != std::string_view::npos; });
}

// An inline cache is in the image alone.
void find_unpushed(const lint::RelatedFile& related, const CiBuild& build, BuildFindings& findings) {
  const bool is_inline = std::ranges::any_of(
      build.cache_to, [](const std::string& to) { return cache_attribute(to, "type") == "inline"; });
  if (!is_inline || !build.action || !build.defined.empty() || !build.pushes_nothing || !build.starts_empty ||
      may_push(related))
    return;
  findings
      .add(build, "the inline cache is stored in an image that nothing pushes, so no later run finds it",
           "set push: true, or use cache-to: type=gha,mode=max or type=registry,ref=…,mode=max")
      .focus = build.cache_to_value;
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  const std::vector<CiBuild> builds = ci_builds(related);
  BuildFindings findings;
  for (const CiBuild& build : builds) {
    find_unpushed(related, build, findings);
    if (build.other_builder) continue;
    for (const std::string& cache : build.cache_from) {
      const std::string image = image_of_cache(cache);
      if (image.empty()) continue;
      // Only what is pushed here is known to hold no cache.
      const bool is_pushed =
          std::ranges::any_of(builds, [&](const CiBuild& other) { return is_pushed_as(other, image); });
      const bool is_stored =
          std::ranges::any_of(builds, [&](const CiBuild& other) { return stores_cache_in(other, image); });
      if (!is_pushed || is_stored) continue;
      findings.add(build, fmt::format("{} has no cache in it, so importing it reuses nothing", image),
                   build.action || !build.defined.empty()
                       ? "add cache-to: type=inline, or store the cache with cache-to "
                         "type=registry,ref=…,mode=max"
                       : "build it with --build-arg BUILDKIT_INLINE_CACHE=1, or use docker buildx "
                         "build with --cache-to type=registry,ref=…,mode=max");
    }
  }
  findings.report(reporter);
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/cache/backends/inline/",
                                            "https://docs.docker.com/build/cache/backends/registry/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3005",
      .name = "ci-cache-from-image",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .summary = "A CI build imports its cache from an image that contains none",
      .rationale =
          "The classic builder took layers of any image that `--cache-from` named. BuildKit reuses an image "
          "only if it contains the keys of its steps, which an inline cache adds when the image is built: "
          "`cache-to: type=inline`, or the build argument `BUILDKIT_INLINE_CACHE=1`. Without it the image "
          "is looked up, nothing is reused, and no error is shown. Reported for images that a build in "
          "the same file pushes, and for inline caches of images that nothing pushes.",
      .bad = {"on: push\n"
              "jobs:\n"
              "  image:\n"
              "    runs-on: ubuntu-24.04\n"
              "    steps:\n"
              "      - uses: docker/build-push-action@v6\n"
              "        with:\n"
              "          cache-from: ghcr.io/acme/app:latest\n"
              "          tags: ghcr.io/acme/app:latest\n"
              "          push: true\n"},
      .good = {"on: push\n"
               "jobs:\n"
               "  image:\n"
               "    runs-on: ubuntu-24.04\n"
               "    steps:\n"
               "      - uses: docker/build-push-action@v6\n"
               "        with:\n"
               "          cache-from: ghcr.io/acme/app:latest\n"
               "          cache-to: type=inline\n"
               "          tags: ghcr.io/acme/app:latest\n"
               "          push: true\n"},
      .references = kReferences,
      .check_related = check,
      .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3005
