#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/ci.h"
#include "rules/edits.h"

namespace dcache::rules::DC3003 {
namespace {

void look_at(const CiBuild& build, const std::string& cache, size_t stages, lint::Reporter& reporter) {
  const std::string_view type = cache_attribute(cache, "type");
  if (type != "inline" && cache_attribute(cache, "mode") == "max") return;
  const bool inline_cache = type == "inline";
  lint::Diagnostic& diagnostic = reporter.report(
      build.span,
      fmt::format("only the last of the {} stages is stored in the cache: the others are built again "
                  "each time",
                  stages),
      inline_cache ? "store the cache separately from the image, with cache-to type=registry or type=gha and "
                     "mode=max"
                   : "write mode=max");
  if (build.cache_to_value) diagnostic.focus = build.cache_to_value;
  // An expression may give another value, or none.
  const bool plain = build.cache_to_value && !inline_cache && cache_attribute(cache, "mode").empty() &&
                     cache.find("${{") == std::string::npos;
  if (plain) {
    const uint32_t end = build.cache_to_value->end;
    diagnostic.fix = replace({end, end}, ",mode=max", "store all stages");
  }
}

void check(lint::Companion& companion, lint::Reporter& reporter) {
  for (const CiBuild& build : ci_builds(companion)) {
    if (build.cache_to.empty()) continue;
    const auto stages = stages_of(companion, build);
    if (!stages || *stages < 2) continue;
    for (const std::string& cache : build.cache_to)
      look_at(build, cache, *stages, reporter);
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/cache/backends/#cache-mode",
                                            "https://docs.docker.com/build/cache/backends/inline/"};
constexpr lint::ExampleFile kFiles[] = {
    {"Dockerfile", "FROM golang:1.22 AS build\nRUN make\nFROM alpine:3.20\nCOPY --from=build /app /app\n"}};

}  // namespace

lint::Rule rule() {
  return {.code = "DC3003",
          .name = "ci-inline-multistage",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kSafe,
          .summary = "A multi-stage build stores only the cache of its last stage",
          .rationale =
              "`mode=min`, the default, stores only the layers that are in the image. The stages in "
              "which the program is built take most of the time, are not stored, and run again in the "
              "next job. An inline cache can't store other stages. `mode=max` stores all stages.",
          .fix_note = "Adds `mode=max`.",
          .bad = {"on: push\n"
                  "jobs:\n"
                  "  image:\n"
                  "    runs-on: ubuntu-24.04\n"
                  "    steps:\n"
                  "      - uses: docker/build-push-action@v6\n"
                  "        with:\n"
                  "          context: .\n"
                  "          cache-from: type=gha\n"
                  "          cache-to: type=gha\n",
                  kFiles},
          .good = {"on: push\n"
                   "jobs:\n"
                   "  image:\n"
                   "    runs-on: ubuntu-24.04\n"
                   "    steps:\n"
                   "      - uses: docker/build-push-action@v6\n"
                   "        with:\n"
                   "          context: .\n"
                   "          cache-from: type=gha\n"
                   "          cache-to: type=gha,mode=max\n",
                   kFiles},
          .references = kReferences,
          .check_companion = check,
          .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3003
