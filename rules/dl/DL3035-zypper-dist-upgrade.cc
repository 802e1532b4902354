#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules::DL3035 {
namespace {

void check(lint::Subject& subject, lint::Reporter& reporter) {
  report_first(calls_of(subject, "zypper"), reporter, [](const Call& call) -> std::optional<Complaint> {
    if (!call.has("dist-upgrade") && !call.has("dup")) return std::nullopt;
    return Complaint{"the base image is turned into whatever release is current",
                     "start from the newer base image instead"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3035",
          .name = "zypper-dist-upgrade",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`zypper dist-upgrade` is run",
          .rationale =
              "A distribution upgrade within a build turns the base image into another release, which one "
              "depends on the day. Start from the newer base image.",
          .bad = {"FROM opensuse/leap:15.5\n"
                  "RUN zypper dist-upgrade -y\n"},
          .good = {"FROM opensuse/leap:15.6\n"
                   "RUN zypper patch -y\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3035
