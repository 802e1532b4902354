#include "dcache/lint/suppress.h"

#include <algorithm>

#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

using text::Span;

void skip_blanks(std::string_view& text) {
  text = text::trim_left(text);
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// Takes names parted by commas off, with blanks around the commas allowed.
std::vector<std::string_view> take_codes(std::string_view& text) {
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

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> names;
  while (true) {
    const size_t comma = std::min(list.find(','), list.size());
    names.push_back(list.substr(0, comma));
    if (comma == list.size()) return names;
    list.remove_prefix(comma + 1);
  }
}

bool lists(const std::vector<std::string_view>& list, std::string_view check) {
  return std::ranges::any_of(list, [&](std::string_view name) { return name == "all" || name == check; });
}

// Takes `# dcache ` or `# hadolint ` off.
bool take_name(std::string_view& comment) {
  take(comment, "#");
  skip_blanks(comment);
  if (!take(comment, "dcache") && !take(comment, "hadolint")) return false;
  const size_t behind_name = comment.size();
  skip_blanks(comment);
  return comment.size() < behind_name;
}

}  // namespace

std::optional<IgnorePragma> read_ignore_pragma(std::string_view comment) {
  IgnorePragma pragma;
  if (!take_name(comment)) return std::nullopt;
  pragma.global = take(comment, "global");
  skip_blanks(comment);
  if (!take(comment, "ignore")) return std::nullopt;
  skip_blanks(comment);
  if (!take(comment, "=")) return std::nullopt;
  pragma.codes = take_codes(comment);
  pragma.reason = text::trim(comment);
  return pragma;
}

std::optional<std::string_view> read_shell_pragma(std::string_view comment) {
  if (!take_name(comment) || !take(comment, "shell")) return std::nullopt;
  skip_blanks(comment);
  if (!take(comment, "=")) return std::nullopt;
  skip_blanks(comment);
  const std::string_view program = comment.substr(0, comment.find_first_of(" \t,"));
  if (program.empty()) return std::nullopt;
  return text::base_name(program);
}

Suppressions::Suppressions(const dockerfile::File& file) {
  const auto instructions = file.instructions();
  for (const dockerfile::Comment& comment : file.comments()) {
    auto pragma = read_ignore_pragma(comment.span.of(file.source()));
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
    add(span, std::move(*pragma));
  }
}

Suppressions::Suppressions(const text::Document& document) {
  std::vector<IgnorePragma> waiting;
  for (uint32_t number = 1; number <= document.lines().line_count(); ++number) {
    const Span span = document.lines().line_span(number);
    const std::string_view line = text::trim(span.of(document.source()));
    if (line.starts_with('#')) {
      auto pragma = read_ignore_pragma(line);
      if (!pragma) continue;
      if (pragma->global) {
        add({0, static_cast<uint32_t>(document.source().size())}, std::move(*pragma));
      } else {
        waiting.push_back(std::move(*pragma));
      }
    } else if (!line.empty()) {
      for (IgnorePragma& pragma : waiting)
        add(span, std::move(pragma));
      waiting.clear();
    }
  }
}

void Suppressions::add(Span span, IgnorePragma pragma) {
  const size_t count = pragma.codes.size();
  entries_.push_back({span, std::move(pragma), std::vector<bool>(count)});
}

std::optional<std::string_view> Suppressions::silences(Span span,
                                                       const std::vector<std::string_view>& codes) {
  std::optional<std::string_view> reason;
  for (Entry& entry : entries_) {
    if (span.begin < entry.span.begin || span.begin >= std::max(entry.span.end, entry.span.begin + 1))
      continue;
    for (size_t i = 0; i < entry.pragma.codes.size(); ++i) {
      const bool named = std::ranges::any_of(codes, [&](std::string_view code) {
        return text::equals_ignoring_case(code, entry.pragma.codes[i]);
      });
      if (!named) continue;
      entry.used[i] = true;
      if (!reason || reason->empty()) reason = entry.pragma.reason;
    }
  }
  return reason;
}

std::vector<std::string_view> Suppressions::unused() const {
  std::vector<std::string_view> unused;
  for (const Entry& entry : entries_) {
    for (size_t i = 0; i < entry.pragma.codes.size(); ++i) {
      if (!entry.used[i]) unused.push_back(entry.pragma.codes[i]);
    }
  }
  return unused;
}

bool CheckDirective::skips(std::string_view check) const {
  return lists(skip, check);
}

bool CheckDirective::enables(std::string_view check) const {
  return lists(experimental, check);
}

bool CheckDirective::names(std::string_view rule) const {
  return std::ranges::find(skip, rule) != skip.end();
}

CheckDirective read_check_directive(const dockerfile::File& file) {
  CheckDirective directive;
  std::string_view rest = file.directive("check").value_or("");
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    std::string_view option = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (take(option, "skip=")) {
      directive.skip = split(option);
    } else if (take(option, "experimental=")) {
      directive.experimental = split(option);
    } else if (take(option, "error=")) {
      directive.error = option == "true" || option == "1";
    } else {
      directive.invalid = option;
    }
  }
  return directive;
}

}  // namespace dcache::lint
