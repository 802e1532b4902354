#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules::DL3019 {
namespace {

constexpr std::string_view kFolders[] = {"/var/cache/apk", "/etc/apk/cache"};

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  report_first(calls_of(dockerfile, "apk"), reporter, [](const Call& call) -> std::optional<Complaint> {
    if (!call.has("add") || call.has_option({"no-cache"}) || keeps_out_of_layer(*call.run, kFolders))
      return std::nullopt;
    return Complaint{"the package index stays in the layer", "write apk add --no-cache"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3019",
          .name = "apk-without-no-cache",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "`apk add` keeps its index in the layer",
          .rationale =
              "Without `--no-cache` apk stores the package index that it downloaded in `/var/cache/apk`. "
              "Nothing needs it after the step. A cache mount on that folder keeps it out of the layer "
              "as well.",
          .bad = {"FROM alpine:3.20\n"
                  "RUN apk add curl~8.9\n"},
          .good = {"FROM alpine:3.20\n"
                   "RUN apk add --no-cache curl~8.9\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3019
