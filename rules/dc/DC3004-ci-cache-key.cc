#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/plan/graph.h"
#include "dcache/plan/target.h"
#include "dcache/project/ci_text.h"
#include "rules/ci.h"

namespace dcache::rules::DC3004 {
namespace {

// What a cache is found by, as far as the definition says.
std::string place_of(std::string_view cache) {
  const std::string type = cache_attribute(cache, "type");
  if (type == "gha") {
    const std::string scope = cache_attribute(cache, "scope");
    return fmt::format("gha {}", scope.empty() ? "buildkit" : scope);
  }
  if (type == "registry") return fmt::format("registry {}", cache_attribute(cache, "ref"));
  return {};
}

bool is_known(std::string_view place) {
  return !place.empty() && place.find('$') == std::string_view::npos;
}

// Whether a build may store a cache. Of a name that only a run knows, nobody can tell.
bool may_store(const CiBuild& build, std::string_view cache) {
  const std::string place = place_of(cache);
  const auto is_of_run = [](std::string_view text) { return text.find('$') != std::string_view::npos; };
  return build.has_options_in_variables || std::ranges::any_of(build.cache_to, [&](const std::string& to) {
           const std::string stored = place_of(to);
           // An inline cache is in the image, which any reference may name.
           return stored == place || is_of_run(to) || (is_of_run(place) && stored.starts_with("gha ")) ||
                  cache_attribute(to, "type") == "inline";
         });
}

// A cache that is imported, and that no build of the repository stores.
void report_unstored(const std::vector<CiBuild>& builds, const std::vector<CiBuild>& beside,
                     lint::Reporter& reporter) {
  BuildFindings findings;
  for (const CiBuild& build : builds) {
    const auto unstored = std::ranges::find_if(build.cache_from, [&](const std::string& cache) {
      const auto stores_it = [&](const CiBuild& other) { return may_store(other, cache); };
      return cache_attribute(cache, "type") == "gha" && std::ranges::none_of(builds, stores_it) &&
             std::ranges::none_of(beside, stores_it);
    });
    if (unstored == build.cache_from.end()) continue;
    findings.add(build, fmt::format("the cache is read from {}, but nothing here stores it", *unstored),
                 "add the matching cache-to");
  }
  findings.report(reporter);
}

// A cache that is imported from one reference of a repository and stored at another, which nobody imports.
void report_other_reference(const std::vector<CiBuild>& builds, const std::vector<CiBuild>& beside,
                            lint::Reporter& reporter) {
  const auto anyone = [&](const auto& does) {
    return std::ranges::any_of(builds, does) || std::ranges::any_of(beside, does);
  };
  BuildFindings findings;
  for (const CiBuild& build : builds) {
    for (const std::string& to : build.cache_to) {
      const std::string stored = image_of_cache(to);
      if (stored.empty() || !is_known(stored)) continue;
      const auto is_read = [&](const CiBuild& other) {
        return other.has_options_in_variables ||
               std::ranges::any_of(other.cache_from, [&](const std::string& from) {
                 return image_of_cache(from) == stored || !is_known(from);
               });
      };
      const auto is_other = [&](const std::string& from) {
        const std::string read = image_of_cache(from);
        return read != stored && is_known(read) && name_without_tag(read) == name_without_tag(stored) &&
               !anyone(
                   [&](const CiBuild& other) { return is_pushed_as(other, read) || may_store(other, from); });
      };
      const auto from = std::ranges::find_if(build.cache_from, is_other);
      if (from == build.cache_from.end() || anyone(is_read)) continue;
      findings.add(build,
                   fmt::format("the cache is read from {}, but stored in {}", image_of_cache(*from), stored),
                   "give both the same ref");
      break;
    }
  }
  findings.report(reporter);
}

// A cache that is stored, and that no build of the repository imports. Of a name that only a run knows,
// nobody can tell.
void report_unread(const std::vector<CiBuild>& builds, const std::vector<CiBuild>& beside,
                   lint::Reporter& reporter) {
  const auto reads = [](const CiBuild& build, const std::string& place) {
    return std::ranges::any_of(build.cache_from, [&](const std::string& from) {
      const std::string known = place_of(from);
      return known.empty() || known == place || known.find('$') != std::string::npos;
    });
  };
  BuildFindings findings;
  for (const CiBuild& build : builds) {
    const bool reads_none =
        build.cache_from.empty() && build.defined.empty() && !build.has_options_in_variables;
    if (!reads_none) continue;
    for (const std::string& cache : build.cache_to) {
      const std::string place = place_of(cache);
      const auto reads_it = [&](const CiBuild& other) { return reads(other, place); };
      if (!is_known(place) || std::ranges::any_of(builds, reads_it) || std::ranges::any_of(beside, reads_it))
        continue;
      findings.add(build, fmt::format("the cache is stored ({}), but no build here reads it", cache),
                   "add the matching cache-from");
      break;
    }
  }
  findings.report(reporter);
}

// Whether the later of two builds of a job stores all that the earlier one has stored in the same place.
bool stores_all_of(const lint::RelatedFile& related, const CiBuild& later, std::string_view cache,
                   const CiBuild& earlier) {
  if (later.job != earlier.job || later.file != earlier.file || later.context != earlier.context)
    return false;
  if (cache_attribute(cache, "mode") != "max" || earlier.target.empty()) return false;
  const auto file = dockerfile_of(related, later);
  if (!file) return false;
  const plan::Graph graph = plan::build_graph(*file, {.target = later.target});
  const plan::Stage* stage = plan::find_target(graph, earlier.target);
  return stage != nullptr && stage->last_step && graph.steps[*stage->last_step].needed;
}

using Work = std::tuple<std::string, std::string, std::string>;
Work work_of(const CiBuild& build) {
  return {build.file, build.context, build.target};
}

// Another workflow that stores the cache of another build in the same place.
bool is_overwritten_by(const std::vector<CiBuild>& beside, const CiBuild& build, const std::string& place) {
  return std::ranges::any_of(beside, [&](const CiBuild& other) {
    return work_of(other) != work_of(build) && !other.differs_by_matrix &&
           std::ranges::any_of(other.cache_to, [&](const std::string& to) { return place_of(to) == place; });
  });
}

void report_shared(const lint::RelatedFile& related, const std::vector<CiBuild>& builds,
                   const std::vector<CiBuild>& beside, lint::Reporter& reporter) {
  std::map<std::string, std::pair<const CiBuild*, Work>> first;  // by place
  BuildFindings findings;
  for (const CiBuild& build : builds) {
    for (const std::string& cache : build.cache_to) {
      const std::string place = place_of(cache);
      if (!is_known(place)) continue;
      const Work work = work_of(build);
      const auto [known, fresh] = first.try_emplace(place, &build, work);
      const CiBuild& other = *known->second.first;
      const bool is_in_file = !fresh && known->second.second != work && !exclude_each_other(build, other) &&
                              !stores_all_of(related, build, cache, other);
      if (!is_in_file && (!fresh || !is_overwritten_by(beside, build, place))) continue;
      findings.add(build,
                   fmt::format("{} stores its cache in the same place ({}), and each overwrites the other's",
                               !is_in_file             ? "a build in another workflow"
                               : other.defined.empty() ? "another build in this file"
                                                       : other.defined,
                               cache),
                   cache_attribute(cache, "type") == "gha" ? "give each build its own scope=NAME"
                                                           : "give each build its own ref");
    }
  }
  findings.report(reporter);
}

void report_matrix(const CiBuild& build, lint::Reporter& reporter) {
  if (!build.differs_by_matrix) return;
  for (const std::string& cache : build.cache_to) {
    const std::string place = place_of(cache);
    if (!is_known(place)) continue;
    lint::Diagnostic& diagnostic = reporter.report(
        build.span,
        "all jobs of the matrix store their caches in one place, and each overwrites the "
        "others'",
        cache_attribute(cache, "type") == "gha" ? "add scope= with a variable of the matrix to both "
                                                  "caches"
                                                : "put a variable of the matrix into the ref");
    diagnostic.focus = build.cache_to_value;
    return;
  }
}

// A cache that no later run looks for.
void find_new_key(const CiBuild& build, BuildFindings& findings) {
  for (const std::string& to : build.cache_to) {
    const std::string place = place_of(to);
    if (place.empty() || !project::is_new_each_run(place)) continue;
    const bool reads_another = std::ranges::any_of(build.cache_from, [&](const std::string& from) {
      const std::string from_place = place_of(from);
      return !from_place.empty() && !project::is_new_each_run(from_place);
    });
    if (reads_another) continue;
    findings
        .add(build, "the cache has another name in each run, so no run finds one",
             "name it after what is the same in the next run: the branch, or nothing")
        .focus = build.cache_to_value;
    return;
  }
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  const std::vector<CiBuild> builds = ci_builds(related);
  BuildFindings new_keys, switched_off;
  for (const CiBuild& build : builds) {
    report_matrix(build, reporter);
    find_new_key(build, new_keys);
    if (build.no_cache && !build.scheduled)
      switched_off.add(build, "no-cache is set, so every build runs all its steps",
                       "remove no-cache, or pin what it should update");
  }
  new_keys.report(reporter);
  switched_off.report(reporter);
  const bool has_cache = std::ranges::any_of(
      builds, [](const CiBuild& build) { return !build.cache_to.empty() || !build.cache_from.empty(); });
  const std::vector<CiBuild> beside = has_cache ? builds_beside(related) : std::vector<CiBuild>();
  report_unstored(builds, beside, reporter);
  report_other_reference(builds, beside, reporter);
  report_unread(builds, beside, reporter);
  report_shared(related, builds, beside, reporter);
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/cache/backends/gha/#scope",
                                            "https://docs.docker.com/build/ci/github-actions/cache/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3004",
      .name = "ci-cache-key",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kDcache,
      .summary =
          "A cache of a CI job is never stored or never read, is overwritten by another build, or is "
          "disabled",
      .rationale =
          "Some step must write a cache before another can read it. The cache of GitHub Actions has one "
          "place for each `scope`, and a registry one for each reference: if two different builds store "
          "their caches in the same place, neither can reuse anything. One place is fine if the later build "
          "stores all stages of the earlier one with `mode=max`. A name that contains the commit or the "
          "number of the run is a new place in every run. A cache that is read from one tag of a repository "
          "and stored at another is not the one of the last run. With `no-cache` nothing is reused; only a "
          "scheduled build may want that.",
      .bad = {"on: push\n"
              "jobs:\n"
              "  image:\n"
              "    runs-on: ubuntu-24.04\n"
              "    steps:\n"
              "      - uses: docker/build-push-action@v6\n"
              "        with:\n"
              "          cache-from: type=gha\n"
              "          tags: app\n"},
      .good = {"on: push\n"
               "jobs:\n"
               "  image:\n"
               "    runs-on: ubuntu-24.04\n"
               "    steps:\n"
               "      - uses: docker/build-push-action@v6\n"
               "        with:\n"
               "          cache-from: type=gha\n"
               "          cache-to: type=gha,mode=max\n"
               "          tags: app\n"},
      .references = kReferences,
      .check_related = check,
      .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3004
