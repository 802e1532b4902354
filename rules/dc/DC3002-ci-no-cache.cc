#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/project/yaml.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/ci.h"
#include "rules/edits.h"
#include "rules/moving_results.h"

namespace dcache::rules::DC3002 {
namespace {

// The inputs of the action for a cache of GitHub Actions.
std::string cache_from(std::string_view scope) {
  return fmt::format("cache-from: type=gha{}{}", scope.empty() ? "" : ",scope=", scope);
}
std::string cache_to(std::string_view scope) {
  return fmt::format("cache-to: type=gha,mode=max{}{}", scope.empty() ? "" : ",scope=", scope);
}

// Two lines above the first input of the action, indented like it.
std::optional<lint::Fix> cache_inputs(const text::Document& text, text::Span first_input,
                                      std::string_view scope) {
  const uint32_t line = text.lines().line_of(first_input.begin);
  const text::Span whole = text.lines().line_span(line);
  const std::string_view source = whole.of(text.source());
  const std::string indent(source.substr(0, first_input.begin - whole.begin));
  const bool in_braces = text::trim(source).starts_with("with:");
  if (in_braces) return std::nullopt;
  const std::string_view eol = source.ends_with("\r\n") ? "\r\n" : "\n";
  // Comments above the input are about it.
  uint32_t place = line;
  while (place > 1 && text::trim(text.lines().line_span(place - 1).of(text.source())).starts_with('#'))
    --place;
  const uint32_t at = text.lines().line_span(place).begin;
  return replace({at, at}, fmt::format("{0}{1}{3}{0}{2}{3}", indent, cache_from(scope), cache_to(scope), eol),
                 "store the cache in GitHub's cache service");
}

// What builds of one Dockerfile have in common.
std::string dockerfile_of(const CiBuild& build) {
  const std::string context = build.context.empty() ? "." : build.context;
  return text::clean_path(build.file.empty() ? text::join_path(context, "Dockerfile") : build.file);
}

bool builds_the_same(const CiBuild& one, const CiBuild& other) {
  return dockerfile_of(one) == dockerfile_of(other) && one.context == other.context &&
         one.target == other.target;
}

// What a build is called among the builds of a workflow, by its target, Dockerfile or folder; empty if that
// does not tell.
std::string name_of(const CiBuild& build) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  std::string name = build.target;
  if (name.empty()) {
    const std::string path = dockerfile_of(build);
    std::string_view file = text::base_name(path);
    if (file == "Dockerfile") file = text::base_name(text::parent_path(path));
    for (const std::string_view prefix : {"Dockerfile.", "Dockerfile-"}) {
      if (file.starts_with(prefix)) file.remove_prefix(prefix.size());
    }
    for (const std::string_view ending : {".Dockerfile", ".dockerfile"}) {
      if (file.ends_with(ending)) file.remove_suffix(ending.size());
    }
    name = file;
  }
  return name.find_first_not_of(kLetters) == std::string::npos && name != "." && name != ".." ? name : "";
}

constexpr std::string_view kUnknownScope = "IMAGE";

// The scope that keeps the cache of a build apart from the caches of others; empty if there are no others.
// Builds that store different images in one scope overwrite each other's cache.
std::string scope_for(const CiBuild& build, const std::vector<CiBuild>& builds) {
  std::vector<std::string> parts;
  const bool has_others =
      std::ranges::any_of(builds, [&](const CiBuild& other) { return !builds_the_same(build, other); });
  if (has_others) {
    const std::string name = name_of(build);
    const bool unique = std::ranges::none_of(builds, [&](const CiBuild& other) {
      return !builds_the_same(build, other) && name_of(other) == name;
    });
    if (name.empty() || !unique) return std::string(kUnknownScope);
    parts.push_back(name);
  }
  for (const std::string& name : build.matrix)
    parts.push_back(fmt::format("${{{{ {} }}}}", name));
  return fmt::format("{}", fmt::join(parts, "-"));
}

std::string remedy_for(const CiBuild& build, lint::RelatedFileKind kind, std::string_view scope) {
  if (kind != lint::RelatedFileKind::kWorkflow)
    return "use docker buildx build with --cache-from and --cache-to, and a builder from docker buildx "
           "create";
  if (build.for_tags_alone)
    return "add cache-from and cache-to with type=registry: GitHub does not share a type=gha cache between "
           "tags";
  const std::string what = build.action ? fmt::format("add {} and {}", cache_from(scope), cache_to(scope))
                                        : "use docker/build-push-action with cache-from and cache-to";
  if (build.has_builder) return what;
  // The builder of Docker itself leaves the image on the runner, others don't.
  const std::string_view load =
      build.exports_nothing ? "; add load: true if a later step uses the image" : "";
  if (build.docker_driver)
    return fmt::format(
        "remove driver: docker, which stores no such cache without the containerd image "
        "store, and {}{}",
        what, load);
  return fmt::format("{}, and docker/setup-buildx-action before it{}", what, load);
}

// The same for a build that a bake or Compose file defines.
std::string remedy_for_definition(const CiBuild& build, lint::RelatedFileKind kind) {
  const bool is_service = build.defined.starts_with("service ");
  std::string remedy =
      fmt::format("give it {} and {} in that file, with a cache of its own",
                  is_service ? "cache_from" : "cache-from", is_service ? "cache_to" : "cache-to");
  if (build.has_builder) return remedy;
  if (kind == lint::RelatedFileKind::kWorkflow)
    return remedy + ", and add docker/setup-buildx-action before it";
  return remedy + ", and create a builder with docker buildx create before it";
}

bool stores_nothing(const CiBuild& build) {
  return build.starts_empty && !build.no_cache && !build.has_options_in_variables &&
         build.cache_from.empty() && build.cache_to.empty();
}

// Whether the build stores its cache in GitHub's service, or does once it has the fix of this rule.
bool may_store_in_service(const CiBuild& build) {
  return build.cache_to.empty() || std::ranges::any_of(build.cache_to, [](const std::string& cache) {
           return cache_attribute(cache, "type") == "gha";
         });
}

// Whether a workflow runs on a schedule: often so that packages are upgraded that a cache would keep.
bool has_schedule(const lint::RelatedFile& workflow) {
  const project::yaml::Documents read = project::yaml::parse(workflow.text().source(), workflow.path());
  return std::ranges::any_of(read.values, [](const project::yaml::Value& document) {
    const project::yaml::Value* const on = document.find("on");
    if (on == nullptr) return false;
    return on->text == "schedule" || on->find("schedule") != nullptr ||
           std::ranges::find(on->items, "schedule", &project::yaml::Value::text) != on->items.end();
  });
}

// Why the image may not be the same with a cache: what its steps download or upgrade stays as it was. Empty
// if it is known to be the same.
std::string risk_of_cache(const lint::RelatedFile& related, const CiBuild& build) {
  const std::vector<BuiltDockerfile> built = dockerfiles_of(related, build);
  const lint::Config config;
  std::set<std::tuple<std::string, std::string, std::string>> places;
  for (const BuildPlace& place : build.jobs)
    places.emplace(place.context, place.file, place.target);
  if (built.size() < std::max<size_t>(places.size(), 1))
    return "the Dockerfile is not found, and one of its steps may be there to get the newest versions";
  for (const BuiltDockerfile& one : built) {
    lint::Dockerfile dockerfile(one.file, config, {});
    if (const lint::Run* run = find_moving_result(dockerfile))
      return fmt::format("line {} of {} gets the newest versions, and a cached layer keeps the old ones",
                         run->instruction->start_line, one.path);
  }
  if (has_schedule(related))
    return "the workflow runs on a schedule, maybe to get the newest packages, and a cache keeps the old "
           "ones";
  return {};
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  const std::vector<CiBuild> builds = ci_builds(related);
  if (std::ranges::none_of(builds, stores_nothing)) return;
  std::vector<CiBuild> all = builds;
  std::ranges::copy_if(builds_beside(related), std::back_inserter(all), may_store_in_service);
  BuildFindings of_definitions;
  for (const CiBuild& build : builds) {
    if (!stores_nothing(build)) continue;
    if (build.context == "-") continue;  // a Dockerfile alone, such as one of a line or two
    if (build.shares_local_image) continue;
    // A build of the same Dockerfile earlier in the job has left its steps in the builder.
    const bool again = std::any_of(builds.data(), &build, [&](const CiBuild& other) {
      return other.job == build.job && dockerfile_of(other) == dockerfile_of(build);
    });
    if (again) continue;
    constexpr const char* kMessage = "every build runs all steps: this runner starts without a build cache";
    if (!build.defined.empty()) {
      of_definitions.add(build, kMessage, remedy_for_definition(build, related.kind()));
      continue;
    }
    const std::string scope = scope_for(build, all);
    lint::Diagnostic& diagnostic =
        reporter.report(build.span, kMessage, remedy_for(build, related.kind(), scope));
    // Without a builder of its own the action fails if it is told to export a cache.
    const bool is_known = build.has_builder && !build.setup_is_conditional && !build.other_builder &&
                          !build.mentions_cache && !build.for_tags_alone;
    const bool is_apart = scope != kUnknownScope && (builds.size() == 1 || !scope.empty());
    if (build.with && is_known && is_apart) diagnostic.fix = cache_inputs(related.text(), *build.with, scope);
    if (diagnostic.fix) diagnostic.fix->unsafe_because = risk_of_cache(related, build);
  }
  of_definitions.report(reporter);
}

constexpr lint::ExampleFile kFiles[] = {{"Dockerfile", "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"}};
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
      .summary = "A CI job builds an image on a runner that starts empty, and stores no cache",
      .rationale =
          "Each job on a hosted runner gets a new machine, and a `docker:dind` service starts a new daemon. "
          "However well the Dockerfile is ordered, no step is a cache hit there unless `cache-from` fetches "
          "a "
          "cache and `cache-to` stores one. A second build of the same Dockerfile in the job reuses the "
          "steps "
          "of the first. Docker's built-in builder (`driver: docker`) stores a cache only with the "
          "containerd "
          "image store, which new installations have since Docker 29.\n\n"
          "Builds of different images need a `scope` each: in one scope, each build overwrites the cache of "
          "the others, and GitHub keeps those of all workflows together. It does not share the cache of one "
          "tag with other tags, so a workflow that runs "
          "only for tags and releases needs a cache in a registry. A job whose later build starts from an "
          "image that it built before, without a builder of its own, is not reported: only Docker's built-in "
          "builder finds that image.\n\n"
          "For `docker buildx bake`, `docker compose build` and docker/bake-action, the rule looks at the "
          "targets and services that they build, with the values of `set`.",
      .fix_note =
          "Adds the cache of GitHub Actions to a build-push-action step if its job sets up Buildx, with a "
          "scope if the workflows of the repository build more than one image. With a cache a step is reused "
          "until its "
          "text or its files change, so the fix is unsafe if the workflow runs on a schedule, if the "
          "Dockerfile is "
          "not found, or if one of its steps upgrades packages or downloads what moves (DC1012): the image "
          "would "
          "keep the old versions.",
      .bad = {"on: push\n"
              "jobs:\n"
              "  image:\n"
              "    runs-on: ubuntu-24.04\n"
              "    steps:\n"
              "      - uses: docker/setup-buildx-action@v3\n"
              "      - uses: docker/build-push-action@v6\n"
              "        with:\n"
              "          tags: app\n",
              kFiles},
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
               "          tags: app\n",
               kFiles},
      .references = kReferences,
      .check_related = check,
      .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3002
