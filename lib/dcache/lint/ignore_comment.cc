#include "dcache/lint/ignore_comment.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/lint/engine.h"
#include "dcache/project/yaml.h"
#include "dcache/text/shown.h"
#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

using project::yaml::Documents;

bool is_same_yaml(std::string_view before, std::string_view after) {
  const Documents old = project::yaml::parse(before, "");
  const Documents now = project::yaml::parse(after, "");
  return old.failures.empty() && now.failures.empty() &&
         std::ranges::equal(old.values, now.values, project::yaml::same);
}

}  // namespace

std::optional<uint32_t> IgnoreComments::place_of(const Diagnostic& finding) const {
  if (finding.rule == kNotBuildable) return std::nullopt;
  uint32_t offset = finding.span.begin;
  if (file_ != nullptr) {
    const auto& instructions = file_->instructions();
    const auto holds = [&](const dockerfile::Instruction& one) { return one.span.contains(offset); };
    const auto instruction = std::ranges::find_if(instructions, holds);
    if (instruction == instructions.end()) return std::nullopt;
    offset = instruction->span.begin;
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  uint32_t place = text_.lines().line_span(text_.lines().line_of(offset)).begin;
  if (place == 0 && text_.source().starts_with(kByteOrderMark)) place = kByteOrderMark.size();
  const std::string_view code = finding.rule;
  const bool fits = !is_yaml() || is_same_yaml(text_.source(),
                                               text::apply(text_.source(), {comment(place, {&code, 1}, "")}));
  return fits ? std::optional(place) : std::nullopt;
}

text::Edit IgnoreComments::comment(uint32_t place, std::span<const std::string_view> codes,
                                   std::string_view reason) const {
  const std::string_view line = text_.source().substr(place);
  // A line of an ignore file is a comment only if it starts with #.
  const bool is_indented = file_ != nullptr || is_yaml();
  const size_t indent = is_indented ? std::min(line.find_first_not_of(" \t"), line.size()) : 0;
  const bool has_returns = text_.source().find("\r\n") != std::string_view::npos;
  return {{place, place},
          fmt::format("{}# dcache ignore={}{}{}{}", line.substr(0, indent), fmt::join(codes, ","),
                      reason.empty() ? "" : " ", reason, has_returns ? "\r\n" : "\n")};
}

std::string wrong_reason(std::string_view reason) {
  if (text::trim(reason).empty()) return "say in a few words why the findings do not matter";
  if (text::trim(reason).starts_with(',')) return "a reason can't start with a comma";
  for (std::string_view rest = reason; !rest.empty();) {
    const text::Rune rune = text::decode_rune(rest);
    if (text::is_control(rune.value)) return "a reason is one line of text, without control characters";
    rest.remove_prefix(rune.width);
  }
  return "";
}

}  // namespace dcache::lint
