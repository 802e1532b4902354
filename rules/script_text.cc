#include "rules/script_text.h"

#include <algorithm>
#include <optional>
#include <string>

#include <re2/re2.h>

#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "rules/project_files.h"

namespace dcache::rules {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

bool matches(std::string_view text, const RE2& pattern) {
  return RE2::PartialMatch(text::piece(text), pattern);
}

bool is_comment(std::string_view line) {
  line = text::trim_left(line);
  return line.starts_with('#') || line.starts_with("//") || line.starts_with("REM ");
}

// What precedes a place in its command.
struct Before {
  std::string_view text = {};
  bool in_comment = false;
  bool substituted = false;      // the command is in `$(…)` or backticks
  std::string_view quoted = {};  // from the quote on that the place is in; empty for none
};

// What precedes the end of a part of a line in its command, as shells read it.
Before command_before(std::string_view part) {
  size_t begin = 0, quote_begin = 0;
  char quote = 0;
  bool substituted = false;
  for (size_t i = 0; i < part.size(); ++i) {
    const char c = part[i];
    const bool substitutes = c == '`' || (c == '$' && part.substr(i + 1).starts_with('('));
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (substitutes && quote != '\'') {
      begin = i + (c == '$' ? 2 : 1);
      substituted = true;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' ||
               (c == '\'' && (i == 0 || !text::is_letter(static_cast<unsigned char>(part[i - 1]))))) {
      quote = c;
      quote_begin = i;
    } else if (c == ';' || c == '|' || (c == '&' && (i == 0 || part[i - 1] != '>'))) {
      begin = i + 1;
      substituted = false;
    } else if (c == '#' && i > 0 && (part[i - 1] == ' ' || part[i - 1] == '\t')) {
      return {.text = part, .in_comment = true};
    }
  }
  return {.text = part.substr(begin),
          .substituted = substituted,
          .quoted = quote == 0 ? std::string_view() : part.substr(quote_begin)};
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

size_t line_begin(std::string_view text, size_t at) {
  return at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
}

// The line at a place of a text and the one after it.
std::string_view two_lines_at(std::string_view text, size_t at) {
  const std::string_view from = text.substr(line_begin(text, at));
  const size_t end = from.find('\n');
  return end == kNowhere ? from : from.substr(0, from.find('\n', end + 1));
}

bool prints(std::string_view command) {
  static const RE2 kPrints(
      R"(^[\s@+\-]*(?:\w+:\s+)?(?:(?:echo|printf|Write-Host|Write-Output)\s|(?:info|warning)\s|print\())");
  return matches(command, kPrints);
}

// Whether the end of a command sends what it prints to where it may run: a file or another program, and not a
// person who reads the log.
bool leads_on(std::string_view end) {
  static const RE2 kShown(R"re([12]?>&2|>>?\s*["']?\$\{?GITHUB_STEP_SUMMARY\}?["']?)re");
  std::string rest(end);
  RE2::GlobalReplace(&rest, kShown, "");
  return rest.find_first_of("|>") != std::string::npos;
}

// Where a here-document is in a text: from the operator on, and the lines of its body.
struct Heredoc {
  size_t start = 0;
  size_t begin = 0;
  size_t end = 0;
};

// The end of the line that consists of the delimiter.
std::optional<size_t> delimiter_after(std::string_view text, size_t at, std::string_view delimiter) {
  while (at < text.size()) {
    const std::string_view line = first_line(text.substr(at));
    at += line.size() + 1;
    if (text::trim(line) == delimiter) return std::min(at, text.size());
  }
  return std::nullopt;
}

// The here-document at the operator at a place; nothing if that is not one.
std::optional<Heredoc> heredoc_at(std::string_view text, size_t at) {
  static const RE2 kOperator(R"re(<<-?\s*["'\\]?([A-Za-z_][\w.\-]*)["']?)re");
  re2::StringPiece rest = text::piece(text.substr(at)), delimiter;
  if (!RE2::Consume(&rest, kOperator, &delimiter)) return std::nullopt;
  const size_t line_end = text.find('\n', at);
  if (line_end == kNowhere) return std::nullopt;
  const auto end = delimiter_after(text, line_end + 1, {delimiter.data(), delimiter.size()});
  return end ? std::optional(Heredoc{at, line_end + 1, *end}) : std::nullopt;
}

// The here-document whose body a place is in.
std::optional<Heredoc> heredoc_around(std::string_view text, size_t at) {
  for (size_t from = text.find("<<"); from < at;) {
    const bool is_text = text.substr(from).starts_with("<<<");
    const auto heredoc = is_text ? std::nullopt : heredoc_at(text, from);
    if (heredoc && heredoc->begin <= at && at < heredoc->end) return heredoc;
    from = text.find("<<", heredoc ? heredoc->end : from + (is_text ? 3 : 2));
  }
  return std::nullopt;
}

// Whether a here-document is only printed, or is given to `:`, as a comment.
bool is_only_printed(std::string_view text, const Heredoc& heredoc) {
  static const RE2 kReads(R"((?:^|[\s{@(])(?:cat|tee|more|less|:)(?:\s+[12]?>&2)?\s*-?\s*$)");
  const size_t begin = line_begin(text, heredoc.start);
  const Before before = command_before(text.substr(begin, heredoc.start - begin));
  if (before.in_comment) return true;
  const std::string_view rest = first_line(text.substr(heredoc.start));
  return !before.substituted && matches(before.text, kReads) && !leads_on(rest);
}

// Whether a place is in the quotes of a text that a command on a line above it prints.
bool is_in_printed_quotes(std::string_view text, size_t at) {
  constexpr size_t kMostLines = 100;
  size_t begin = line_begin(text, at);
  for (size_t lines = 0; begin > 0 && lines < kMostLines; ++lines) {
    const size_t end = begin - 1;
    begin = line_begin(text, end);
    const std::string_view line = text.substr(begin, end - begin);
    const Before before = command_before(line);
    if (before.quoted.empty() || is_comment(line)) continue;
    constexpr std::string_view kTriple = R"(""")";
    const std::string_view quote =
        line.ends_with(kTriple) || before.quoted.starts_with(kTriple) ? kTriple : before.quoted.substr(0, 1);
    const size_t close = std::min(text.find(quote, end), text.size());
    if (close <= at) continue;
    return prints(before.text) && !before.substituted && !leads_on(first_line(text.substr(close)));
  }
  return false;
}

}  // namespace

bool is_run(std::string_view text, size_t at) {
  const std::string_view line = line_at(text, at);
  const size_t begin = static_cast<size_t>(line.data() - text.data());
  const Before before = command_before(line.substr(0, at - begin));
  if (before.in_comment) return false;
  const bool is_printed =
      prints(before.text) && line.find("##vso") == kNowhere && !leads_on(line.substr(at - begin));
  if (is_printed || is_in_printed_quotes(text, begin)) return false;
  const auto heredoc = heredoc_around(text, at);
  return !heredoc || !is_only_printed(text, *heredoc);
}

std::vector<size_t> line_places(std::string_view text, std::string_view part,
                                const std::function<bool(std::string_view lines)>& holds) {
  std::vector<size_t> places;
  for (size_t at = text.find(part); at != kNowhere; at = text.find(part, at + part.size())) {
    const std::string_view continued = line_at(text, at), two = two_lines_at(text, at);
    if (is_comment(two) || !holds(continued.size() > two.size() ? continued : two)) continue;
    if (is_run(text, at)) places.push_back(at);
  }
  return places;
}

bool ends_in_comment(std::string_view part) {
  return is_comment(part) || command_before(part).in_comment;
}

std::string_view command_at(std::string_view text, size_t at) {
  const std::string_view line = line_at(text, at);
  const size_t place = at - static_cast<size_t>(line.data() - text.data());
  const size_t begin = place - command_before(line.substr(0, place)).text.size();
  return line.substr(begin, line.find_first_of(";&|", place) - begin);
}

}  // namespace dcache::rules
