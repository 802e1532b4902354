#include <algorithm>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/twins.h"

namespace dcache::rules::FromPlatformFlagConstDisallowed {
namespace {

using dockerfile::Instruction;

bool names_platform(std::string_view stage, std::string_view platform) {
  const std::string name = text::to_lower(stage);
  const size_t slash = std::min(platform.find('/'), platform.size());
  const std::string_view rest = platform.substr(std::min(slash + 1, platform.size()));
  const std::string_view architecture = rest.substr(0, rest.find('/'));
  return name.find(platform.substr(0, slash)) != std::string::npos ||
         (!architecture.empty() && name.find(architecture) != std::string::npos);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction* from : froms_with_platform(dockerfile)) {
    const dockerfile::Flag* flag = from->find_flag("platform");
    if (flag == nullptr || flag->value.find('$') != std::string_view::npos) continue;
    if (flag->value.find_first_not_of("\"'") == std::string_view::npos) continue;  // counts for nothing
    const bool refused = std::ranges::any_of(
        dockerfile.graph().errors, [&](const plan::Error& error) { return error.span == flag->span; });
    if (refused) continue;
    if (from->arguments.size() == 3 && names_platform(from->arguments[2].text, flag->value)) continue;
    report_fixed_platform(reporter, *from, *flag);
  }
}

constexpr std::string_view kCovers[] = {"DL3029"};

}  // namespace

lint::Rule rule() {
  return {.code = "FromPlatformFlagConstDisallowed",
          .name = "FromPlatformFlagConstDisallowed",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "FROM sets a constant platform for its base image",
          .rationale =
              "With a constant `--platform` the stage is built for that platform on every machine, "
              "whatever `docker build --platform` asks for. Let the builder choose the platform, or use "
              "`$BUILDPLATFORM` for a stage that cross-compiles. If the name of a stage says its "
              "platform, the platform may be constant.",
          .bad = {"FROM --platform=linux/amd64 debian:12\n"},
          .good = {"FROM --platform=linux/amd64 debian:12 AS tools-amd64\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules::FromPlatformFlagConstDisallowed
