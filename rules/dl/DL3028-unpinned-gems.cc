#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3028 {

lint::Rule rule() {
  return {.code = "DL3028",
          .name = "unpinned-gems",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`gem install` without a version",
          .rationale =
              "Which version a rebuild installs depends on the day: two images of one commit are "
              "different, and a cached layer keeps the old version until something above it changes. "
              "Write `gem install rake:13.2.1`, or list the gems in a `Gemfile` with its lock file.",
          .bad = {"FROM ruby:3.3\n"
                  "RUN gem install rake\n"},
          .good = {"FROM ruby:3.3\n"
                   "RUN gem install rake:13.2.1\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_unpinned(dockerfile, reporter, "gem");
          }};
}

}  // namespace dcache::rules::DL3028
