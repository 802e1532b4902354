#include "rules/stages.h"

namespace dcache::rules::DL3012 {

lint::Rule rule() {
  return {.code = "DL3012",
          .name = "several-healthchecks",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "A stage has several HEALTHCHECKs",
          .rationale =
              "Only the last HEALTHCHECK of a stage is used. The others have no effect, but readers may "
              "think that they do.",
          .bad = {"FROM debian:12\n"
                  "HEALTHCHECK CMD /check-a\n"
                  "HEALTHCHECK CMD /check-b\n"},
          .good = {"FROM debian:12\n"
                   "HEALTHCHECK CMD /check-a && /check-b\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_repeated(dockerfile, reporter, dockerfile::Keyword::kHealthcheck);
          }};
}

}  // namespace dcache::rules::DL3012
