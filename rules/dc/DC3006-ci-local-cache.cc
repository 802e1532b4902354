#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/project/workflow_runner.h"
#include "rules/ci.h"

namespace dcache::rules::DC3006 {
namespace {

// Whether the folder is gone with the runner.
bool is_lost(const lint::RelatedFile& related, const CiBuild& build, std::string_view folder) {
  return related.kind() == lint::RelatedFileKind::kWorkflow && build.starts_empty &&
         !project::is_kept(build.kept_folders, folder);
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  BuildFindings findings;
  for (const CiBuild& build : ci_builds(related)) {
    for (const std::string& to : build.cache_to) {
      const std::string folder = cache_attribute(to, "dest");
      if (cache_attribute(to, "type") != "local" || folder.empty()) continue;
      const bool is_imported = std::ranges::any_of(build.cache_from, [&](const std::string& from) {
        return cache_attribute(from, "type") == "local" && cache_attribute(from, "src") == folder;
      });
      if (!is_imported) continue;
      BuildFindings::Finding& finding =
          is_lost(related, build, folder)
              ? findings.add(
                    build,
                    fmt::format("nothing keeps {} after the job: the next one finds no cache there", folder),
                    "use type=gha or type=registry, or keep the folder with actions/cache")
              : findings.add(build,
                             fmt::format("the cache in {} grows with every build: old layers are never "
                                         "deleted from it",
                                         folder),
                             fmt::format("write it to another folder, and replace {} with that after the "
                                         "build; or use type=gha or type=registry",
                                         folder));
      finding.focus = build.cache_to_value;
    }
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
      .summary = "A CI build imports a local cache from the folder that it exports to",
      .rationale =
          "An export to a folder adds layers to what is in it, and deletes nothing. If the job keeps this "
          "folder for the next build, it grows until downloading it takes longer than building. Write the "
          "new cache to a folder of its own, and let it take the place of the old one afterwards. If no step "
          "keeps the folder, as `actions/cache` does, a hosted runner loses it with the job.",
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
