#include "rules/stages.h"

namespace dcache::rules::DL4003 {

lint::Rule rule() {
  return {.code = "DL4003",
          .name = "several-cmds",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A stage has several CMDs",
          .rationale =
              "Only the last CMD of a stage is used. The others have no effect, but readers may think "
              "that they do.",
          .bad = {"FROM debian:12\n"
                  "CMD [\"a\"]\n"
                  "CMD [\"b\"]\n"},
          .good = {"FROM debian:12\n"
                   "CMD [\"b\"]\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_repeated(dockerfile, reporter, dockerfile::Keyword::kCmd);
          }};
}

}  // namespace dcache::rules::DL4003
