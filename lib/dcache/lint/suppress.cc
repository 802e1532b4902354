#include "dcache/lint/suppress.h"

#include <algorithm>
#include <optional>

#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

using text::Span;

struct Pragma {
  bool global = false;
  std::vector<std::string_view> codes;
};

void skip_blanks(std::string_view& text) {
  text = text::trim_left(text);
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// Names parted by commas, with blanks around the commas allowed; what follows them is a reason.
std::vector<std::string_view> read_codes(std::string_view text) {
  std::vector<std::string_view> codes;
  const auto is_code_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  while (true) {
    skip_blanks(text);
    const auto end = std::find_if_not(text.begin(), text.end(), is_code_char);
    if (end == text.begin()) return codes;
    codes.push_back(text.substr(0, static_cast<size_t>(end - text.begin())));
    text.remove_prefix(codes.back().size());
    std::string_view rest = text;
    skip_blanks(rest);
    if (!take(rest, ",")) return codes;
    text = rest;
  }
}

std::optional<Pragma> read_pragma(std::string_view comment) {
  Pragma pragma;
  take(comment, "#");
  skip_blanks(comment);
  if (!take(comment, "dcache") && !take(comment, "hadolint")) return std::nullopt;
  const std::string_view behind_name = comment;
  skip_blanks(comment);
  if (comment.size() == behind_name.size()) return std::nullopt;
  pragma.global = take(comment, "global");
  skip_blanks(comment);
  if (!take(comment, "ignore")) return std::nullopt;
  skip_blanks(comment);
  if (!take(comment, "=")) return std::nullopt;
  pragma.codes = read_codes(comment);
  return pragma;
}

}  // namespace

Suppressions::Suppressions(const dockerfile::File& file) {
  const auto instructions = file.instructions();
  for (const dockerfile::Comment& comment : file.comments()) {
    auto pragma = read_pragma(comment.span.of(file.source()));
    if (!pragma) continue;
    Span span{0, static_cast<uint32_t>(file.source().size())};
    if (!pragma->global) {
      // The next instruction, or the one that the comment stands in.
      const auto next = std::partition_point(
          instructions.begin(), instructions.end(),
          [&](const auto& instruction) { return instruction.span.end <= comment.span.begin; });
      if (next == instructions.end()) continue;
      span = next->span;
    }
    entries_.push_back({span, std::move(pragma->codes)});
  }
  const auto check = file.directive("check");
  if (!check) return;
  std::string_view rest = *check;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    std::string_view option = text::trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (take(option, "skip=")) skipped_checks_ = read_codes(option);
  }
}

bool Suppressions::covers(Span span, const std::vector<std::string_view>& codes, bool buildkit_check) const {
  const auto names_it = [&](const std::vector<std::string_view>& listed) {
    return std::any_of(listed.begin(), listed.end(), [&](std::string_view entry) {
      return std::any_of(codes.begin(), codes.end(),
                         [&](std::string_view code) { return text::equals_ignoring_case(code, entry); });
    });
  };
  for (const Entry& entry : entries_) {
    if (entry.span.begin <= span.begin && span.begin < std::max(entry.span.end, entry.span.begin + 1) &&
        names_it(entry.codes)) {
      return true;
    }
  }
  const bool all = std::any_of(skipped_checks_.begin(), skipped_checks_.end(),
                               [](std::string_view name) { return text::equals_ignoring_case(name, "all"); });
  return (buildkit_check && all) || names_it(skipped_checks_);
}

}  // namespace dcache::lint
