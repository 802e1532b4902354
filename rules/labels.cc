#include "rules/labels.h"

#include <algorithm>

#include <re2/re2.h>

#include "dcache/text/piece.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using lint::LabelType;

bool is_match(std::string_view value, LazyRE2& pattern) {
  return RE2::FullMatch(text::piece(value), *pattern);
}

// An identifier, or several tied by AND, OR and WITH.
bool is_spdx_expression(std::string_view value) {
  const std::span<const std::string_view> known = spdx_licenses();
  constexpr std::string_view kOperators[] = {"AND", "OR", "WITH"};
  bool behind_with = false;
  while (!value.empty()) {
    const size_t end = std::min(value.find_first_of(" ()"), value.size());
    const std::string_view word = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    const bool is_operator = std::ranges::find(kOperators, word) != std::end(kOperators);
    if (word.empty() || is_operator) {
      behind_with = word == "WITH" || (word.empty() && behind_with);
      continue;
    }
    const std::string_view plain = word.ends_with('+') ? word.substr(0, word.size() - 1) : word;
    if (!behind_with && !std::ranges::binary_search(known, word) && !std::ranges::binary_search(known, plain))
      return false;
    behind_with = false;
  }
  return true;
}

LazyRE2 kUrl = {"[A-Za-z][A-Za-z0-9+.-]*:[^\\s]+"};
LazyRE2 kTime = {"\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:[Zz]|[+-]\\d\\d:\\d\\d)"};
LazyRE2 kHash = {"[0-9a-f]{7}|[0-9a-f]{40}|[0-9a-f]{64}"};
LazyRE2 kEmail = {"[^\\s@<>]+@[^\\s@<>]+\\.[^\\s@<>]+"};
// https://semver.org, "Is there a suggested regular expression"
LazyRE2 kSemver = {
    "(?:0|[1-9]\\d*)\\.(?:0|[1-9]\\d*)\\.(?:0|[1-9]\\d*)"
    "(?:-(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    "(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?"};

// Empty values are another rule's business: they are.
bool is_valid(LabelType type, std::string_view value) {
  if (value.empty()) return true;
  switch (type) {
    case LabelType::kText:
    case LabelType::kRawText:
      return true;
    case LabelType::kUrl:
      return is_match(value, kUrl);
    case LabelType::kRfc3339:
      return is_match(value, kTime);
    case LabelType::kSpdx:
      return is_spdx_expression(value);
    case LabelType::kHash:
      return is_match(value, kHash);
    case LabelType::kSemver:
      return is_match(value, kSemver);
    case LabelType::kEmail:
      return is_match(value, kEmail);
  }
  return true;
}

}  // namespace

void report_labels(lint::Dockerfile& dockerfile, lint::Reporter& reporter,
                   const std::function<std::optional<Complaint>(const Label&)>& judge) {
  const auto& schema = dockerfile.config().label_schema;
  if (schema.empty()) return;
  for (const Instruction& written : dockerfile.file().instructions()) {
    const Instruction& instruction = carried(written);
    if (instruction.keyword != Keyword::kLabel) continue;
    for (size_t i = 0; i + 1 < instruction.arguments.size(); i += 2) {
      Label label{unquoted(instruction.arguments[i].text), unquoted(instruction.arguments[i + 1].text), {}};
      if (const auto known = schema.find(label.key); known != schema.end()) label.type = known->second;
      auto complaint = judge(label);
      if (!complaint) continue;
      reporter.report(written.span, std::move(complaint->message), std::move(complaint->remedy)).focus =
          instruction.arguments[i].span;
      break;
    }
  }
}

void report_mistyped(lint::Dockerfile& dockerfile, lint::Reporter& reporter, LabelType type,
                     std::string_view what, std::string_view remedy) {
  report_labels(dockerfile, reporter, [&](const Label& label) -> std::optional<Complaint> {
    if (label.type != type || is_valid(type, label.value)) return std::nullopt;
    return Complaint{fmt::format("the label {} {}", label.key, what), std::string(remedy)};
  });
}

}  // namespace dcache::rules
