#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/project/workflow_runner.h"
#include "rules/ci.h"

namespace dcache::rules::DC3006 {
namespace {

using project::KeptFolder;

struct Words {
  std::string message;
  std::string remedy;
};

// What is wrong with a cache that is imported from one folder and exported to another, or to the same.
// Nothing if all is well.
std::optional<Words> judge(const lint::RelatedFile& related, const CiBuild& build, std::string_view from,
                           std::string_view to) {
  const bool is_on_runner = related.kind() == lint::RelatedFileKind::kWorkflow && build.starts_empty;
  const KeptFolder* const kept = project::find_kept(build.kept_folders, from);
  if (is_on_runner && kept == nullptr)
    return Words{fmt::format("nothing keeps {} after the job: the next one finds no cache there", from),
                 "use type=gha or type=registry, or keep the folder with actions/cache"};
  if (is_on_runner && kept->content == KeptFolder::Content::kNothing)
    return Words{
        fmt::format("{} is kept under a key that is new in each run ({}): no run finds it", from, kept->key),
        "add restore-keys with what the key starts with; or use type=gha"};
  if (is_on_runner && kept->content == KeptFolder::Content::kFirst)
    return Words{
        fmt::format("{} is kept once: the key '{}' is the same in each run, and actions/cache stores "
                    "nothing where it has an entry already",
                    from, kept->key),
        "add ${{ github.sha }} to the key, and restore-keys without it; or use type=gha"};
  if (from == to)
    return Words{
        fmt::format("the cache in {} grows with every build: old layers are never deleted from it", from),
        fmt::format("write it to another folder, and replace {} with that after the build; or use "
                    "type=gha or type=registry",
                    from)};
  const std::string_view text = related.text().source();
  const size_t first = text.find(to);
  const bool is_moved = first == std::string_view::npos || text.find(to, first + 1) != std::string_view::npos;
  if (!is_on_runner || is_moved) return std::nullopt;
  return Words{
      fmt::format("nothing moves {} to {} after the build: the next run finds the old cache", to, from),
      fmt::format("add a step that runs rm -rf {0} && mv {1} {0}", from, to)};
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  BuildFindings findings;
  for (const CiBuild& build : ci_builds(related)) {
    const auto folder_of = [](const std::vector<std::string>& caches, std::string_view attribute) {
      const auto found = std::ranges::find_if(
          caches, [](const std::string& cache) { return cache_attribute(cache, "type") == "local"; });
      return found == caches.end() ? std::string() : cache_attribute(*found, attribute);
    };
    const std::string from = folder_of(build.cache_from, "src");
    const std::string to = folder_of(build.cache_to, "dest");
    if (from.empty() || to.empty()) continue;
    if (auto words = judge(related, build, from, to))
      findings.add(build, std::move(words->message), std::move(words->remedy)).focus = build.cache_to_value;
  }
  findings.report(reporter);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/ci/github-actions/cache/#local-cache",
    "https://docs.docker.com/build/cache/backends/local/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3006",
      .name = "ci-local-cache",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kDcache,
      .summary = "A CI build exports a local cache that grows without end, or that no later run finds",
      .rationale =
          "An export to a folder adds layers to what is in it, and deletes nothing. If the job keeps this "
          "folder for the next build, it grows until downloading it takes longer than building. Write the "
          "new cache to another folder, and replace the old folder with it after the build.\n\n"
          "If no step keeps the folder, as `actions/cache` does, a hosted runner loses it with the job. An "
          "entry of `actions/cache` is never replaced: with a key that is the same in each run the first "
          "cache stays forever, and with one that is new in each run no run finds any, unless "
          "`restore-keys` names what earlier keys start with.",
      .bad = {"on: push\n"
              "jobs:\n"
              "  image:\n"
              "    runs-on: ubuntu-24.04\n"
              "    steps:\n"
              "      - uses: docker/build-push-action@v6\n"
              "        with:\n"
              "          cache-from: type=local,src=/tmp/cache\n"
              "          cache-to: type=local,dest=/tmp/cache,mode=max\n"},
      .good = {"on: push\n"
               "jobs:\n"
               "  image:\n"
               "    runs-on: ubuntu-24.04\n"
               "    steps:\n"
               "      - uses: actions/cache@v4\n"
               "        with:\n"
               "          path: /tmp/cache\n"
               "          key: image-${{ github.sha }}\n"
               "          restore-keys: image-\n"
               "      - uses: docker/build-push-action@v6\n"
               "        with:\n"
               "          cache-from: type=local,src=/tmp/cache\n"
               "          cache-to: type=local,dest=/tmp/cache-new,mode=max\n"
               "      - run: rm -rf /tmp/cache && mv /tmp/cache-new /tmp/cache\n"},
      .references = kReferences,
      .check_related = check,
      .about = kCiDefinitions};
}

}  // namespace dcache::rules::DC3006
