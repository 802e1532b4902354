#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules::DL3048 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_divider(char c) {
  return c == '.' || c == '-' || c == '_' || c == '/';
}

bool is_valid(std::string_view key) {
  constexpr std::string_view kReserved[] = {"com.docker.", "io.docker.", "org.dockerproject."};
  if (key.empty()) return true;
  if (std::ranges::any_of(kReserved, [&](std::string_view reserved) { return key.starts_with(reserved); }))
    return false;
  const char first = key.front();
  if (first < 'a' || first > 'z' || !is_plain(key.back())) return false;
  for (size_t i = 0; i < key.size(); ++i) {
    if (!is_plain(key[i]) && !is_divider(key[i])) return false;
    if (i > 0 && is_divider(key[i]) && key[i] == key[i - 1]) return false;
  }
  return true;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& written : dockerfile.file().instructions()) {
    const Instruction& instruction = carried(written);
    if (instruction.keyword != Keyword::kLabel) continue;
    for (size_t i = 0; i < instruction.arguments.size(); i += 2) {
      const dockerfile::Word& key = instruction.arguments[i];
      if (is_valid(unquoted(key.text))) continue;
      reporter
          .report(written.span, fmt::format("{} is not a valid label key", key.text),
                  "use lower-case letters and digits, separated by single . and -, without a prefix "
                  "reserved for Docker")
          .focus = key.span;
      break;
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3048",
          .name = "invalid-label-key",
          .level = lint::Level::kStyle,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "it is only about style, and many tools use other keys",
          .summary = "The key of a LABEL does not follow the conventions",
          .rationale =
              "Label keys are lower-case letters, digits, `.` and `-`, start and end with a letter or "
              "digit, and do not have two separators in a row. `com.docker.`, `io.docker.` and "
              "`org.dockerproject.` are reserved for Docker. Tools that look up labels rely on this.",
          .bad = {"FROM debian:12\n"
                  "LABEL Vendor=\"example\"\n"},
          .good = {"FROM debian:12\n"
                   "LABEL org.example.vendor=\"example\"\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3048
