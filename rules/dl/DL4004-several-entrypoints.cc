#include "rules/stages.h"

namespace dcache::rules::DL4004 {

lint::Rule rule() {
  return {.code = "DL4004",
          .name = "several-entrypoints",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "A stage has several ENTRYPOINTs",
          .rationale =
              "Only the last ENTRYPOINT of a stage is used. The others have no effect, but readers may think "
              "that they do.",
          .bad = {"FROM debian:12\n"
                  "ENTRYPOINT [\"a\"]\n"
                  "ENTRYPOINT [\"b\"]\n"},
          .good = {"FROM debian:12\n"
                   "ENTRYPOINT [\"b\"]\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_repeated(dockerfile, reporter, dockerfile::Keyword::kEntrypoint);
          }};
}

}  // namespace dcache::rules::DL4004
