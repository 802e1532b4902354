#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules {

lint::Rule DL3013() {
  return {.code = "DL3013",
          .name = "unpinned-pip-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`pip install` of packages without a version",
          .rationale =
              "What a rebuild installs then depends on the day: two images of one commit differ, and a "
              "cached layer keeps the old version until something above it changes. Name the version with "
              "`==`, or list the packages with their versions in a requirements file.",
          .bad = {"FROM python:3.12\n"
                  "RUN pip install --no-cache-dir flask\n"},
          .good = {"FROM python:3.12\n"
                   "RUN pip install --no-cache-dir flask==3.0.3\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_unpinned(subject, reporter, "pip");
          }};
}

}  // namespace dcache::rules
