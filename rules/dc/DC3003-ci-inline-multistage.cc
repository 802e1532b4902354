#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/exported.h"
#include "dcache/lint/rule.h"
#include "dcache/plan/graph.h"
#include "dcache/project/cache_option.h"
#include "rules/ci.h"
#include "rules/edits.h"

namespace dcache::rules::DC3003 {
namespace {

using Mode = cache::CacheImport::Mode;

// What an edit of one step costs on a worker that starts empty.
struct Cost {
  const plan::Step* step = nullptr;
  size_t steps = 0;  // of the build
  size_t min = 0;    // steps that run if only the layers of the image are stored
  size_t max = 0;    // and if all results are
};

size_t steps_of(const plan::Graph& graph) {
  return static_cast<size_t>(std::ranges::count_if(graph.steps, [](const plan::Step& step) {
    return step.needed && step.kind != plan::Step::Kind::kImage;
  }));
}

// Nobody writes more steps, and each is tried.
constexpr size_t kMostSteps = 500;

// The edit for which it makes the largest difference what is stored; preferably one of a file.
Cost largest_difference(const plan::Graph& graph) {
  Cost largest;
  const size_t steps = steps_of(graph);
  const auto rank = [](const Cost& cost) {
    return std::pair(cost.step->reads_context(), cost.min - cost.max);
  };
  for (size_t i = 0; i < std::min(graph.steps.size(), kMostSteps); ++i) {
    const plan::Step& step = graph.steps[i];
    if (!step.needed || step.kind == plan::Step::Kind::kImage) continue;
    const Cost cost{&step, steps, cache::steps_after_edit(graph, i, Mode::kMin),
                    cache::steps_after_edit(graph, i, Mode::kMax)};
    if (cost.min == cost.max) continue;
    if (largest.step == nullptr || rank(cost) > rank(largest)) largest = cost;
  }
  return largest;
}

// Whether results that are not in the image get lost.
bool loses_results(const CiBuild& build, const std::string& cache) {
  if (cache_attribute(cache, "type") == "inline") {
    // It has no modes. The images of several targets have the results of several stages together (DC3008).
    const auto images = std::ranges::count_if(
        build.cache_from, [](const std::string& from) { return !image_of_cache(from).empty(); });
    return images < 2;
  }
  const std::string mode = cache_attribute(cache, "mode");
  // What an expression gives is not known, if it may be more than a name.
  const bool has_mode = cache.find("mode=max") != std::string::npos;
  return !cache_attribute(cache, "type").empty() && !cache.starts_with("${{") &&
         mode.find('$') == std::string::npos && !has_mode;
}

// Whether the build also imports a cache to which it stores all results.
bool has_all_results(const CiBuild& build) {
  return std::ranges::any_of(build.cache_to, [&](const std::string& to) {
    const project::CacheOption stored = project::read_cache_option(to);
    return stored.is_mode_max() && std::ranges::any_of(build.cache_from, [&](const std::string& from) {
             return project::read_cache_option(from).is_same_place(stored);
           });
  });
}

// `dockerfile` says which one is meant.
void report(const CiBuild& build, const std::string& cache, const Cost& cost, const std::string& dockerfile,
            BuildFindings& findings) {
  const bool is_inline = cache_attribute(cache, "type") == "inline";
  BuildFindings::Finding& finding = findings.add(
      build,
      fmt::format("only the layers of the image are stored in the cache: editing {}line {} of {} "
                  "rebuilds {} of {} steps, and {} with mode=max",
                  cost.step->reads_context() ? "a file that is read in " : "",
                  cost.step->instruction->start_line, dockerfile, cost.min, cost.steps, cost.max),
      is_inline ? "store the cache separately from the image, with cache-to type=registry or type=gha and "
                  "mode=max"
                : "write mode=max");
  finding.focus = build.cache_to_value;
  // An expression may give another value, or none.
  const bool plain = build.cache_to_value && !is_inline && cache_attribute(cache, "mode").empty() &&
                     cache.find("${{") == std::string::npos;
  if (plain) {
    const uint32_t end = build.cache_to_value->end;
    finding.fix = replace({end, end}, ",mode=max", "store all stages");
  }
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  BuildFindings findings;
  for (const CiBuild& build : ci_builds(related)) {
    const auto loses = [&](const std::string& cache) { return loses_results(build, cache); };
    if (std::ranges::none_of(build.cache_to, loses) || has_all_results(build)) continue;
    for (const BuiltDockerfile& dockerfile : dockerfiles_of(related, build)) {
      const plan::Graph graph = plan::build_graph(dockerfile.file, {.target = dockerfile.target});
      const Cost cost = largest_difference(graph);
      if (cost.step == nullptr) continue;
      const std::string name = dockerfile.path == "Dockerfile" ? "the Dockerfile" : dockerfile.path;
      for (const std::string& cache : build.cache_to) {
        if (loses(cache)) report(build, cache, cost, name, findings);
      }
      break;  // one of the jobs of a matrix shows it
    }
  }
  findings.report(reporter);
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/cache/backends/#cache-mode",
                                            "https://docs.docker.com/build/cache/backends/inline/"};
constexpr lint::ExampleFile kFiles[] = {
    {"Dockerfile",
     "FROM golang:1.22 AS build\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\n"
     "FROM alpine:3.20\nCOPY --from=build /app /app\n"}};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3003",
      .name = "ci-inline-multistage",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .fix = lint::FixKind::kSafe,
      .summary = "A multi-stage build stores only the cache of its last stage",
      .rationale =
          "`mode=min`, the default, stores only the layers that are in the image. The stages in "
          "which the program is built take most of the time, are not stored, and run again in the "
          "next job after any edit that concerns them. An inline cache can't store other stages. "
          "`mode=max` stores all stages. The finding says how many steps run after the edit for which this "
          "makes the largest difference; `dcache explain --cache-from min` says it for any edit.",
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
      .check_related = check,
      .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3003
