#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/moving_results.h"
#include "rules/package_lists.h"

namespace dcache::rules::DC1012 {
namespace {

void look_at_lists(lint::Dockerfile& dockerfile, const lint::Run& run, lint::Reporter& reporter) {
  for (const LeftLists& lists : lists_left_for_later(dockerfile, run)) {
    if (!lists.is_used) {
      reporter.report(run.instruction->span, "this RUN fetches package lists that no install uses",
                      fmt::format("remove {} update", lists.program));
      continue;
    }
    reporter.report(run.instruction->span,
                    lists.used_by == nullptr
                        ? "the package lists in this layer are never updated: a later install uses them, "
                          "however old they are"
                        : fmt::format("the package lists in this layer are never updated: the install in "
                                      "line {} uses them, however old they are",
                                      lists.used_by->instruction->start_line),
                    std::string(lists.remedy));
  }
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const lint::Run& run : dockerfile.runs()) {
    look_at_lists(dockerfile, run, reporter);
    for (const MovingDownload& download : moving_downloads(dockerfile, run)) {
      const text::Span span = run.span_of(download.command->spelling);
      switch (download.kind) {
        case MovingDownload::Kind::kClone:
          reporter.report(span, "the branch changes, but this layer is cached and keeps the old commit",
                          "name a tag with --branch, or check out a commit");
          break;
        case MovingDownload::Kind::kLatest:
          reporter.report(span, "the latest version changes, but this layer is cached and keeps the old one",
                          "name a version, or verify the download's checksum");
          break;
        case MovingDownload::Kind::kPackage:
          reporter.report(span, "the branch changes, but this layer is cached and keeps the old commit",
                          "add @TAG or @COMMIT after the address");
      }
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/best-practices/#apt-get",
                                            "https://docs.docker.com/build/cache/invalidation/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1012",
      .name = "stale-layer",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .summary = "A RUN downloads something that changes, and the cache keeps the old result",
      .rationale =
          "A RUN is reused as long as its text and the steps before it are the same, whatever changes on "
          "the network. `apt-get update` in a RUN of its own makes a layer of old lists. A later "
          "`apt-get install` uses them until it fails. A clone of a branch, or a download of `latest`, stays "
          "as it was when the step was first built, on some machines longer than on others. Run update "
          "and install in one RUN, and name a commit, a version or a checksum. Keys that verify "
          "signatures are not reported, nor are commands that run only if a test in the RUN succeeds.",
      .bad = {"FROM debian:12\n"
              "RUN apt-get update\n"
              "RUN apt-get install -y curl\n"},
      .good = {"FROM debian:12\n"
               "RUN apt-get update && apt-get install -y curl\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC1012
