#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules {

lint::Rule DL3062() {
  return {.code = "DL3062",
          .name = "unpinned-go-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`go install`, `go get` or `go run` of a module without a version",
          .rationale =
              "What a rebuild installs then depends on the day: two images of one commit differ, and a "
              "cached layer keeps the old version until something above it changes. Write `go install "
              "example.com/tool@v1.2.3`; `@latest` is whatever is latest on the day of the build.",
          .bad = {"FROM golang:1.22\n"
                  "RUN go install golang.org/x/tools/cmd/stringer@latest\n"},
          .good = {"FROM golang:1.22\n"
                   "RUN go install golang.org/x/tools/cmd/stringer@v0.24.0\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_unpinned(subject, reporter, "go");
          }};
}

}  // namespace dcache::rules
