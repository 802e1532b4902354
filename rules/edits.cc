#include "rules/edits.h"

#include <algorithm>

#include "dcache/text/line_index.h"
#include "dcache/text/unicode.h"

namespace dcache::rules {

uint32_t last_line_of(const dockerfile::File& file, const dockerfile::Instruction& instruction) {
  if (instruction.heredocs.empty()) return instruction.end_line;
  return file.lines().line_of(instruction.heredocs.front().body.begin) - 1;
}

std::string_view line_above(const dockerfile::File& file, const dockerfile::Instruction& instruction) {
  if (instruction.start_line < 2) return {};
  return text::trim_left(file.lines().line_span(instruction.start_line - 1).of(file.source()));
}

text::Span lines_of(const dockerfile::File& file, text::Span span) {
  const std::string_view source = file.source();
  while (span.begin > 0 && (source[span.begin - 1] == ' ' || source[span.begin - 1] == '\t'))
    --span.begin;
  const size_t end = source.find('\n', span.end);
  span.end = static_cast<uint32_t>(end == std::string_view::npos ? source.size() : end + 1);
  return span;
}

uint32_t line_with_comment(const dockerfile::File& file, const dockerfile::Instruction& instruction) {
  uint32_t line = instruction.start_line;
  const auto is_comment = [&](uint32_t number) {
    return text::trim_left(file.lines().line_span(number).of(file.source())).starts_with('#');
  };
  while (line > 1 && is_comment(line - 1))
    --line;
  return line;
}

std::string_view line_end(const dockerfile::File& file) {
  const size_t newline = file.source().find('\n');
  const bool crlf = newline != std::string_view::npos && newline > 0 && file.source()[newline - 1] == '\r';
  return crlf ? "\r\n" : "\n";
}

lint::Fix replace(text::Span span, std::string text, std::string description) {
  lint::Fix fix;
  fix.description = std::move(description);
  fix.edits.push_back({span, std::move(text)});
  return fix;
}

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// A line of an instruction, and what of it goes.
struct Line {
  text::Span span;  // with its end
  text::Span code;  // without indentation, continuation and blanks; empty for blank lines and comments
  std::vector<text::Span> cuts;  // within the code, in order
  bool comment = false;
  bool bare = false;  // nothing but a continuation

  // Whether some of the code is neither taken out nor blank.
  bool keeps_code(std::string_view source) const {
    uint32_t at = code.begin;
    for (const text::Span cut : cuts) {
      if (source.substr(at, cut.begin - at).find_first_not_of(kBlanks) != std::string_view::npos) return true;
      at = cut.end;
    }
    return source.substr(at, code.end - at).find_first_not_of(kBlanks) != std::string_view::npos;
  }

  // What is left of the code starts with this; empty if nothing is left.
  std::string_view start_of_rest(std::string_view source) const {
    uint32_t at = code.begin;
    for (const text::Span cut : cuts) {
      if (source.substr(at, cut.begin - at).find_first_not_of(kBlanks) != std::string_view::npos) break;
      at = cut.end;
    }
    const std::string_view rest = source.substr(at, code.end - at);
    return rest.substr(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  }

  // Where the code that is left ends.
  uint32_t end_of_rest(std::string_view source) const {
    uint32_t end = code.end;
    for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {
      if (source.substr(cut->end, end - cut->end).find_first_not_of(kBlanks) != std::string_view::npos) break;
      end = cut->begin;
    }
    while (end > code.begin && kBlanks.find(source[end - 1]) != std::string_view::npos)
      --end;
    return end;
  }
};

Line read_line(std::string_view source, text::Span span, char escape, bool may_be_comment) {
  Line line;
  line.span = span;
  const std::string_view text = span.of(source);
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return line;
  line.comment = may_be_comment && text[first] == '#';
  if (line.comment) return line;
  size_t last = text.find_last_not_of(kBlanks);
  line.bare = first == last && text[last] == escape;
  if (text[last] == escape)
    last = last == first ? std::string_view::npos : text.find_last_not_of(kBlanks, last - 1);
  if (last == std::string_view::npos || last < first) return line;
  line.code = {span.begin + static_cast<uint32_t>(first), span.begin + static_cast<uint32_t>(last) + 1};
  return line;
}

// Merges what overlaps or touches.
std::vector<text::Span> in_order(std::vector<text::Span> spans) {
  std::ranges::sort(spans, {}, &text::Span::begin);
  std::vector<text::Span> merged;
  for (const text::Span span : spans) {
    if (merged.empty() || span.begin > merged.back().end) {
      merged.push_back(span);
    } else {
      merged.back().end = std::max(merged.back().end, span.end);
    }
  }
  return merged;
}

// If all commands from one on are taken out, nothing may be left that ties the one before to them.
void cut_end(const lint::Run& run, std::vector<text::Span>& cuts) {
  const auto goes = [&](const shell::Command& command) {
    return std::ranges::any_of(
        cuts, [&](const text::Span cut) { return cut.contains(run.span_of(command.spelling)); });
  };
  size_t first = run.commands.size();
  while (first > 1 && goes(run.commands[first - 1]))
    --first;
  if (first < run.commands.size())
    cuts.push_back(
        {run.span_of(run.commands[first - 1].spelling).end, run.span_of(run.commands.back().spelling).end});
}

// The cut with the blanks that would be left double, or at an end of the code.
text::Span with_blanks(std::string_view source, const Line& line, text::Span cut) {
  const auto is_blank = [&](uint32_t at) { return source[at] == ' ' || source[at] == '\t'; };
  const bool first = cut.begin == line.code.begin;
  if (first) {
    while (cut.end < line.code.end && is_blank(cut.end))
      ++cut.end;
    return cut;
  }
  const bool last = cut.end == line.code.end;
  if (last || is_blank(cut.end)) {
    while (cut.begin > line.code.begin && is_blank(cut.begin - 1))
      --cut.begin;
  }
  return cut;
}

}  // namespace

void Removal::word(const shell::Word& word) {
  cuts_.push_back(run_.span_of(word.spelling));
}

bool Removal::command(size_t index) {
  if (index == 0 || !run_.shell_form) return false;
  const shell::Command& command = run_.commands[index];
  const shell::Command& above = run_.commands[index - 1];
  const bool last = index + 1 == run_.commands.size();
  // The whole list fails where the command above does, with it or without it. After `;` the command may hide
  // that what is before it failed; before `;`, what is above it would end the list, and `set -e` then ends
  // the script if that fails.
  const bool in_list = command.connector == shell::Connector::kAnd &&
                       (last || run_.commands[index + 1].connector == shell::Connector::kAnd);
  if (!in_list || command.depth != 0 || above.depth != 0) return false;
  if (!last && run_.commands[index + 1].depth != 0) return false;
  const text::Span own = run_.span_of(command.spelling);
  const uint32_t behind_above = run_.span_of(above.spelling).end;
  const text::LineIndex& lines = file_.lines();
  // `&&` at the end of the line above ties what comes next to it then.
  const text::Span start_of_line{lines.line_span(lines.line_of(own.begin)).begin, own.begin};
  const bool starts_line = start_of_line.of(run_.source).find_first_not_of(kBlanks) == std::string_view::npos;
  if (!last && starts_line) {
    cuts_.push_back({own.begin, run_.span_of(run_.commands[index + 1].spelling).begin});
  } else {
    cuts_.push_back({behind_above, own.end});
  }
  return true;
}

bool Removal::takes(const shell::Word& word) const {
  if (word.spelling.empty()) return false;
  const text::Span span = run_.span_of(word.spelling);
  return std::ranges::any_of(cuts_, [&](const text::Span cut) { return cut.contains(span); });
}

std::optional<std::vector<text::Edit>> Removal::edits() const {
  const std::string_view source = run_.source;
  const text::LineIndex& index = file_.lines();
  if (cuts_.empty()) return std::vector<text::Edit>();
  std::vector<text::Span> all = cuts_;
  if (run_.shell_form) cut_end(run_, all);
  const std::vector<text::Span> cuts = in_order(std::move(all));
  // In a here-document a comment would end the command, and a continuation is the shell's.
  const uint32_t first_line =
      run_.in_heredoc ? index.line_of(cuts.front().begin) : run_.instruction->start_line;
  const uint32_t last_line =
      run_.in_heredoc ? index.line_of(cuts.back().end - 1) : last_line_of(file_, *run_.instruction);
  if (run_.in_heredoc && first_line != last_line) return std::nullopt;
  std::vector<Line> lines;
  for (uint32_t number = first_line; number <= last_line; ++number) {
    lines.push_back(
        read_line(source, index.line_span(number), file_.escape(), number != first_line && !run_.in_heredoc));
    Line& line = lines.back();
    for (const text::Span cut : cuts) {
      const text::Span here{std::max(cut.begin, line.code.begin), std::min(cut.end, line.code.end)};
      if (here.begin < here.end) line.cuts.push_back(here);
    }
  }
  std::vector<text::Edit> edits;
  const Line* last_kept = nullptr;
  bool end_goes = false;  // nothing is left behind the last line that keeps some code
  for (const Line& line : lines) {
    if (line.code.empty()) continue;
    const bool keeps = line.keeps_code(source);
    end_goes = !keeps;
    if (keeps) last_kept = &line;
    if (!keeps && run_.in_heredoc) return std::nullopt;
    // The builder would take a comment of the shell for one of its own, and go on after it.
    if (!line.cuts.empty() && &line != &lines.front() && line.start_of_rest(source).starts_with('#'))
      return std::nullopt;
    if (!keeps) {
      edits.push_back({line.span, ""});
      continue;
    }
    for (const text::Span cut : line.cuts)
      edits.push_back({with_blanks(source, line, cut), ""});
  }
  if (last_kept == nullptr) return std::nullopt;
  if (!end_goes) return edits;
  // The continuation of the line that ends the instruction now.
  const uint32_t end = last_kept->end_of_rest(source);
  std::erase_if(edits, [&](const text::Edit& edit) {
    return edit.span.begin >= end && edit.span.end <= last_kept->span.end;
  });
  uint32_t end_of_line = last_kept->span.end;
  while (end_of_line > end && (source[end_of_line - 1] == '\n' || source[end_of_line - 1] == '\r'))
    --end_of_line;
  edits.push_back({{end, end_of_line}, ""});
  for (const Line& line : lines) {
    if (line.bare && line.span.begin > end) edits.push_back({line.span, ""});
  }
  return edits;
}

namespace {

// Whether nothing but a continuation comes after the keyword in its line.
bool continues_after_keyword(const lint::Run& run, const dockerfile::File& file) {
  const std::string_view rest = std::string_view(file.source()).substr(run.instruction->name_span.end);
  const size_t mark = std::min(rest.find_first_not_of(" \t"), rest.size());
  if (mark == 0 || !rest.substr(mark).starts_with(file.escape())) return false;
  const size_t end = rest.find_first_not_of(" \t\r", mark + 1);
  return end != std::string_view::npos && rest[end] == '\n';
}

}  // namespace

text::Edit insert_flags(const lint::Run& run, const dockerfile::File& file,
                        const std::vector<std::string>& flags) {
  text::Edit edit;
  const bool continues = continues_after_keyword(run, file);
  edit.span = {run.instruction->name_span.end, run.instruction->name_span.end};
  const bool one_line = !run.instruction->heredocs.empty();
  for (const std::string& flag : flags) {
    edit.replacement += ' ' + flag;
    if (one_line || (continues && &flag == &flags.back())) continue;
    edit.replacement += ' ';
    edit.replacement += file.escape();
    edit.replacement += line_end(file);
    edit.replacement += "   ";  // with the space after RUN
  }
  return edit;
}

}  // namespace dcache::rules
