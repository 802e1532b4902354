#include <algorithm>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/edits.h"
#include "rules/twins.h"

namespace dcache::rules::RedundantTargetPlatform {
namespace {

using dockerfile::Instruction;

bool is_target_platform(std::string_view value) {
  if (value == "$TARGETPLATFORM") return true;
  constexpr std::string_view kStart = "${TARGETPLATFORM";
  if (!value.starts_with(kStart) || value.find('}') != value.size() - 1) return false;
  return value[kStart.size()] == '}' || value[kStart.size()] == ':';
}

// Whether an ARG above the first FROM gives TARGETPLATFORM a default.
bool declares_platform(const dockerfile::File& file) {
  for (const Instruction& instruction : file.instructions()) {
    if (instruction.keyword == dockerfile::Keyword::kFrom) break;
    const bool declared = std::ranges::any_of(instruction.arguments, [](const dockerfile::Word& word) {
      return word.text.starts_with("TARGETPLATFORM=");
    });
    if (declared) return true;
  }
  return false;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction* from : froms_with_platform(dockerfile)) {
    const dockerfile::Flag* flag = from->find_flag("platform");
    if (flag == nullptr || !is_target_platform(flag->value)) continue;
    lint::Diagnostic& diagnostic = report_target_platform(reporter, *from, *flag);
    // Then the argument may be another platform.
    if (declares_platform(dockerfile.file())) continue;
    const text::Span with_blank{flag->span.begin - 1, flag->span.end};
    diagnostic.fix = replace(with_blank, "", "remove --platform");
  }
}

constexpr std::string_view kCovers[] = {"DL3065"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "RedundantTargetPlatform",
      .name = "RedundantTargetPlatform",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kBuildkit,
      .fix = lint::FixKind::kSafe,
      .summary = "`FROM --platform=$TARGETPLATFORM` is the default and redundant",
      .rationale =
          "FROM uses the target platform by default. The flag has no effect, and makes it hard to see "
          "the stages that use another platform.",
      .fix_note = "Removes the flag, unless an ARG above the first FROM gives `TARGETPLATFORM` a default.",
      .bad = {"FROM --platform=$TARGETPLATFORM debian:12\n"},
      .good = {"FROM debian:12\n"},
      .covers = kCovers,
      .check = check};
}

}  // namespace dcache::rules::RedundantTargetPlatform
