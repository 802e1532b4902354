#include "dcache/lint/suppress.h"

#include <algorithm>

#include "dcache/text/booleans.h"
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

// Takes names separated by commas off, with blanks around the commas allowed.
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

std::vector<std::string_view> split_names(std::string_view list) {
  std::vector<std::string_view> names;
  while (true) {
    const size_t comma = std::min(list.find(','), list.size());
    names.push_back(text::trim(list.substr(0, comma)));
    if (comma == list.size()) return names;
    list.remove_prefix(comma + 1);
  }
}

bool lists(const std::vector<std::string_view>& list, std::string_view check) {
  return std::ranges::find(list, check) != list.end();
}

CheckDirective read_check_options(std::string_view value) {
  constexpr int kMostOptions = 3;
  CheckDirective options;
  const std::string_view all = value.substr(0, value.find(' '));
  std::string_view rest = all;
  bool more = !all.empty();
  for (int i = 1; more && options.invalid.empty(); ++i) {
    const size_t end = i == kMostOptions ? rest.size() : std::min(rest.find(';'), rest.size());
    const std::string_view option = rest.substr(0, end);
    more = end < rest.size();
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t equals = std::min(option.find('='), option.size());
    const std::string_view key = text::trim(option.substr(0, equals));
    const std::string_view list = text::trim(option.substr(std::min(equals + 1, option.size())));
    const auto error = key == "error" ? text::parse_bool(list) : std::nullopt;
    if (equals == option.size()) {
      options.invalid = option.empty() ? all : option;
    } else if (key == "skip") {
      options.skip_all = list == "all";
      options.skip = split_names(list);
    } else if (key == "experimental") {
      options.experimental_all = list == "all";
      options.experimental = split_names(list);
    } else if (error) {
      options.error = *error;
    } else {
      options.invalid = option;
    }
  }
  return options;
}

// What follows `check=` in a comment; nothing if it is another one.
std::optional<std::string_view> read_check_comment(std::string_view comment) {
  take(comment, "#");
  skip_blanks(comment);
  constexpr std::string_view kName = "check";
  if (!text::equals_ignoring_case(comment.substr(0, kName.size()), kName)) return std::nullopt;
  comment.remove_prefix(kName.size());
  skip_blanks(comment);
  if (!take(comment, "=")) return std::nullopt;
  const std::string_view value = text::trim(comment);
  return value.empty() ? std::nullopt : std::optional(value);
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
  pragma.stage = !pragma.global && take(comment, "stage");
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
    const auto end = static_cast<uint32_t>(file.source().size());
    Span span{0, end};
    if (!pragma->global) {
      // The next instruction, or the one that the comment is in.
      const auto next = std::partition_point(
          instructions.begin(), instructions.end(),
          [&](const auto& instruction) { return instruction.span.end <= comment.span.begin; });
      if (next == instructions.end()) continue;
      span = next->span;
      if (pragma->stage) {
        const auto is_from = [](const auto& one) { return one.keyword == dockerfile::Keyword::kFrom; };
        if (!is_from(*next) || comment.span.begin > span.begin) continue;
        const auto behind = std::find_if(std::next(next), instructions.end(), is_from);
        span.end = behind == instructions.end() ? end : behind->span.begin;
      }
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
      if (!pragma || pragma->stage) continue;
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
  return skip_all || lists(skip, check);
}

bool CheckDirective::enables(std::string_view check) const {
  return experimental_all || lists(experimental, check);
}

bool CheckDirective::names(std::string_view rule) const {
  return lists(skip, rule);
}

CheckDirective read_check_directive(const dockerfile::File& file) {
  return read_check_options(file.directive("check").value_or(""));
}

CheckComments::CheckComments(const dockerfile::File& file) {
  const std::string_view source = file.source();
  auto comments = file.comments();
  uint32_t above = 0;  // the end of the instruction above
  for (const dockerfile::Instruction& instruction : file.instructions()) {
    std::optional<std::string_view> value;
    for (; !comments.empty() && comments.front().span.begin < instruction.span.begin;
         comments = comments.subspan(1)) {
      const dockerfile::Comment& comment = comments.front();
      const bool starts_line = comment.span.begin == 0 || source[comment.span.begin - 1] == '\n';
      const bool directive = std::ranges::find(file.directives(), comment.line,
                                               &dockerfile::Directive::line) != file.directives().end();
      if (comment.span.begin < above || directive) continue;
      if (text::trim(comment.span.of(source).substr(1)).empty()) {
        value.reset();
      } else if (!value && starts_line) {
        value = read_check_comment(comment.span.of(source));
      }
    }
    above = instruction.span.end;
    if (!value) continue;
    Entry entry{instruction.span, read_check_options(*value), {}, {}};
    if (!entry.options.invalid.empty()) continue;
    entry.reason = text::trim(value->substr(std::min(value->find(' '), value->size())));
    entries_.push_back(std::move(entry));
  }
}

const CheckComments::Entry* CheckComments::find(const Diagnostic& finding) const {
  if (finding.decided_by && finding.decided_by->begin == finding.decided_by->end) return nullptr;
  const uint32_t place = finding.decided_by.value_or(finding.span).begin;
  const auto after = std::ranges::upper_bound(entries_, place, {},
                                              [](const Entry& entry) { return entry.instruction.begin; });
  if (after == entries_.begin() || std::prev(after)->instruction.end <= place) return nullptr;
  return &*std::prev(after);
}

std::optional<std::string_view> CheckComments::silences(const Diagnostic& finding, bool of_buildkit) {
  const Entry* found = find(finding);
  if (found == nullptr) return std::nullopt;
  Entry& entry = entries_[static_cast<size_t>(found - entries_.data())];
  const bool silent = of_buildkit ? entry.options.skips(finding.rule) : entry.options.names(finding.rule);
  if (!silent) return std::nullopt;
  entry.used.push_back(entry.options.skip_all ? std::string_view("all") : finding.rule);
  return entry.reason;
}

bool CheckComments::enables(const Diagnostic& finding) const {
  const Entry* entry = find(finding);
  return entry != nullptr && entry->options.enables(finding.rule);
}

bool CheckComments::enables(std::string_view check) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.options.enables(check); });
}

std::vector<std::string_view> CheckComments::unused() const {
  std::vector<std::string_view> unused;
  for (const Entry& entry : entries_) {
    for (const std::string_view name : entry.options.skip) {
      if (!lists(entry.used, name)) unused.push_back(name);
    }
  }
  return unused;
}

}  // namespace dcache::lint
