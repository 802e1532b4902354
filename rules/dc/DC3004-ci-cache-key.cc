#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/plan/graph.h"
#include "dcache/plan/target.h"
#include "dcache/project/cache_option.h"
#include "dcache/project/ci_text.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/ci.h"

namespace dcache::rules::DC3004 {
namespace {

// What a cache is found by, as far as the definition says.
std::string place_of(std::string_view cache) {
  return project::read_cache_option(cache).place();
}

bool is_known(std::string_view place) {
  return !place.empty() && place.find('$') == std::string_view::npos;
}

// Whether a build may store a cache. Of what only a run knows, nobody can tell.
bool may_store(const CiBuild& build, std::string_view cache) {
  return build.has_options_in_variables || std::ranges::any_of(build.cache_to, [&](const std::string& to) {
           // An inline cache is in the image, which any reference may name.
           return cache_attribute(to, "type") == "inline" ||
                  project::stores_what_is_read(to, cache) != project::Stored::kNo;
         });
}

// A cache that is imported, and that no build of the repository stores.
void report_unstored(const std::vector<CiBuild>& builds, const std::vector<CiBuild>& beside,
                     lint::Reporter& reporter) {
  BuildFindings findings;
  for (const CiBuild& build : builds) {
    std::vector<std::string> unstored;
    for (const std::string& cache : build.cache_from) {
      const auto stores_it = [&](const CiBuild& other) { return may_store(other, cache); };
      const bool is_unstored = cache_attribute(cache, "type") == "gha" &&
                               std::ranges::none_of(builds, stores_it) &&
                               std::ranges::none_of(beside, stores_it);
      if (is_unstored && std::ranges::find(unstored, cache) == unstored.end()) unstored.push_back(cache);
    }
    if (unstored.empty()) continue;
    constexpr size_t kMostNamed = 4;
    findings.add(build,
                 fmt::format("the cache is read from {}, but nothing here stores {}",
                             text::list_words(unstored, kMostNamed), unstored.size() == 1 ? "it" : "them"),
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
                 return is_same_image(image_of_cache(from), stored) || !is_known(from);
               });
      };
      const auto is_other = [&](const std::string& from) {
        const std::string read = image_of_cache(from);
        return !is_same_image(read, stored) && is_known(read) &&
               is_same_image(name_without_tag(read), name_without_tag(stored)) &&
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

// Where a build stores a cache, among the builds of its file. A folder is that of a job.
std::string own_place_of(const CiBuild& build, std::string_view cache) {
  if (cache_attribute(cache, "type") != "local") return place_of(cache);
  const std::string folder = cache_attribute(cache, "dest");
  // An expression has the same value in all of a job.
  const bool is_of_shell = folder.find('$') != folder.find("${{");
  if (folder.empty() || is_of_shell || build.saves_folders_itself) return {};
  return fmt::format("local {} {} {}", build.job, text::clean_path(folder), cache_attribute(cache, "tag"));
}

bool is_known_in_job(std::string_view place) {
  return place.starts_with("local ") || is_known(place);
}

// The folders that a build imports.
std::set<std::string> imported_folders(const CiBuild& build) {
  std::set<std::string> folders;
  for (const std::string& from : build.cache_from) {
    if (cache_attribute(from, "type") == "local")
      folders.insert(text::clean_path(cache_attribute(from, "src")));
  }
  return folders;
}

// Whether a folder that two builds export to is, for all that is known, the only place of both caches: a step
// after each may move what that has stored to the folder that it imports.
bool share_folder(const CiBuild& one, const CiBuild& other, std::string_view cache) {
  if (cache_attribute(cache, "type") != "local") return true;
  const std::set<std::string> folders = imported_folders(one), others = imported_folders(other);
  const std::string folder = text::clean_path(cache_attribute(cache, "dest"));
  return folders.contains(folder) || others.contains(folder) ||
         std::ranges::any_of(folders, [&](const std::string& from) { return others.contains(from); });
}

std::string remedy_for_shared(std::string_view cache) {
  const std::string type = cache_attribute(cache, "type");
  return type == "gha"        ? "give each build its own scope=NAME"
         : type == "local"    ? "give each build its own folder"
         : type == "registry" ? "give each build its own ref"
                              : "give each build its own name=NAME";
}

void report_shared(const lint::RelatedFile& related, const std::vector<CiBuild>& builds,
                   const std::vector<CiBuild>& beside, lint::Reporter& reporter) {
  std::map<std::string, std::pair<const CiBuild*, Work>> first;  // by place
  BuildFindings findings;
  for (const CiBuild& build : builds) {
    for (const std::string& cache : build.cache_to) {
      const std::string place = own_place_of(build, cache);
      if (!is_known_in_job(place)) continue;
      const Work work = work_of(build);
      const auto [known, fresh] = first.try_emplace(place, &build, work);
      const CiBuild& other = *known->second.first;
      const bool is_in_file = !fresh && known->second.second != work && !exclude_each_other(build, other) &&
                              !stores_all_of(related, build, cache, other) &&
                              share_folder(build, other, cache);
      if (!is_in_file && (!fresh || !is_overwritten_by(beside, build, place))) continue;
      findings.add(build,
                   fmt::format("{} stores its cache in the same place ({}), and each overwrites the other's",
                               !is_in_file             ? "a build in another workflow"
                               : other.defined.empty() ? "another build in this file"
                                                       : other.defined,
                               cache),
                   remedy_for_shared(cache));
    }
  }
  findings.report(reporter);
}

// The jobs of a matrix, or the calls of a workflow, that store their caches in one place.
void report_variants(const lint::RelatedFile& related, const CiBuild& build, lint::Reporter& reporter) {
  if (build.cache_to.empty()) return;
  const bool by_call = !build.differs_by_matrix && differs_by_call(related, build);
  if (!by_call && !build.differs_by_matrix) return;
  const std::string_view variable = by_call ? "an input of the workflow" : "a variable of the matrix";
  for (const std::string& cache : build.cache_to) {
    const std::string place = place_of(cache);
    if (!is_known(place)) continue;
    lint::Diagnostic& diagnostic = reporter.report(
        build.span,
        fmt::format(
            "{} store their caches in one place, and each overwrites the others'",
            by_call ? "the calls of this workflow build different images and" : "all jobs of the matrix"),
        cache_attribute(cache, "type") == "registry"
            ? fmt::format("put {} into the ref", variable)
            : fmt::format("add {}= with {} to both caches",
                          cache_attribute(cache, "type") == "gha" ? "scope" : "name", variable));
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
    report_variants(related, build, reporter);
    find_new_key(build, new_keys);
    // A build whose image nobody gets is done for something else: to measure it, or to fill a cache mount.
    if (build.no_cache && !build.scheduled && !build.discards_result)
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
          "place for each `scope`, a registry one for each reference, S3 and Azure one for each `name`, and "
          "a "
          "job one for each folder (`type=local`): if two different builds store their caches in the same "
          "place, neither can reuse "
          "anything. A workflow that others call with different inputs is several builds. One place is fine "
          "if the later build stores all stages of the earlier one with `mode=max`. A name that contains the "
          "commit or the "
          "number of the run is a new place in every run. A cache that is read from one tag of a repository "
          "and stored at another is not the one of the last run. With `no-cache` nothing is reused; only a "
          "scheduled build may want that, or one whose image nobody gets.",
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
