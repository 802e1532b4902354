#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"

namespace dcache::rules::DL3007 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const dockerfile::Instruction& from : dockerfile.file().instructions()) {
    if (from.keyword != dockerfile::Keyword::kFrom || from.arguments.empty()) continue;
    const std::string_view name = from.arguments.front().text;
    const plan::ImageReference image = plan::read_reference(name);
    if (image.tag != "latest" || !image.digest.empty() || dockerfile.is_defined(name)) continue;
    reporter.report(from.span, fmt::format("the tag latest of {} moves with every release", image.name),
                    fmt::format("write {}:VERSION", image.name));
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3007",
          .name = "latest-tag",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A base image has the tag `latest`",
          .rationale =
              "The publisher can move `latest` at any time. A build that worked yesterday may start from "
              "another major version today, and two machines may build different images from one commit.",
          .bad = {"FROM debian:latest\n"},
          .good = {"FROM debian:12\n"},
          .security_severity = "3.5",
          .check = check};
}

}  // namespace dcache::rules::DL3007
