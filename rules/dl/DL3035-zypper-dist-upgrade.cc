#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules::DL3035 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  report_first(calls_of(dockerfile, "zypper"), reporter, [](const Call& call) -> std::optional<Complaint> {
    if (!call.has("dist-upgrade") && !call.has("dup")) return std::nullopt;
    return Complaint{"this upgrades the base image to whatever release is current",
                     "start from a newer base image instead"};
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
              "A distribution upgrade in a build changes the base image to another release, and which "
              "one depends on the day. Start from a newer base image.",
          .bad = {"FROM opensuse/leap:15.5\n"
                  "RUN zypper dist-upgrade -y\n"},
          .good = {"FROM opensuse/leap:15.6\n"
                   "RUN zypper patch -y\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3035
