#include "dcache/report/findings.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/report/impact_json.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

using lint::Diagnostic;
using lint::Level;

constexpr uint32_t kMostExcerptLines = 3;
constexpr size_t kWidestExcerpt = 160;
constexpr size_t kMarginWidth = 5;

Tone tone_of_level(Level level) {
  switch (level) {
    case Level::kError:
      return Tone::kBad;
    case Level::kWarning:
      return Tone::kWarn;
    case Level::kInfo:
      return Tone::kInfo;
    case Level::kStyle:
      return Tone::kDim;
  }
  return Tone::kPlain;
}

// Columns that text takes on a terminal, as far as one character is one column.
size_t columns_of(std::string_view text) {
  if (text::is_ascii(text)) return text.size();
  size_t width = 0;
  for (; !text.empty(); ++width)
    text.remove_prefix(text::decode_rune(text).width);
  return width;
}

// A line of the file with its number, and below it the part that a finding is about, underlined.
void append_line(std::string_view line, uint32_t number, size_t from, size_t to, Tone tone,
                 const Style& style, std::string& out) {
  const bool plain = text::is_printable_ascii(line);
  const auto width = [&](std::string_view part) { return plain ? part.size() : columns_of(printable(part)); };
  const size_t indent = width(line.substr(0, from));
  const size_t carets = std::max<size_t>(1, width(line.substr(from, to > from ? to - from : 0)));
  const std::string digits = std::to_string(number);
  std::string margin(digits.size() < kMarginWidth ? kMarginWidth - digits.size() : 0, ' ');
  style.append(Tone::kDim, margin.append(digits).append(" |"), out);
  out += ' ';
  append_printable(line, out);
  out += '\n';
  style.append(Tone::kDim, "      |", out);
  out.append(" ").append(indent, ' ');
  style.append(tone, std::string(carets, '^'), out);
  out += '\n';
}

void append_excerpt(const text::Document& file, const Diagnostic& diagnostic, const Style& style,
                    std::string& out) {
  const text::LineIndex& lines = file.lines();
  if (lines.line_count() == 0) return;
  const text::Span shown = diagnostic.shown();
  const uint32_t first = lines.line_of(shown.begin);
  const uint32_t last =
      std::min(lines.line_of(std::max(shown.begin + 1, shown.end) - 1), first + kMostExcerptLines - 1);
  for (uint32_t number = first; number <= last; ++number) {
    const text::Span span = lines.line_span(number);
    std::string_view line = span.of(file.source());
    line = line.substr(0, std::min(line.find_last_not_of("\r\n") + 1, kWidestExcerpt));
    const auto clip = [&](uint32_t offset) {
      return std::clamp(offset, span.begin, span.begin + static_cast<uint32_t>(line.size())) - span.begin;
    };
    size_t from = clip(shown.begin);
    const size_t to = clip(shown.end);
    // On the lines that follow the first, what they are indented by is not underlined.
    while (number > first && from < to && text::is_ascii_space(line[from]))
      ++from;
    append_line(line, number, from, to, tone_of_level(diagnostic.level), style, out);
  }
}

void append_finding(const FileFindings& file, const Diagnostic& diagnostic, const Style& style,
                    std::string& out) {
  const text::Position at = file.text.lines().position_of(diagnostic.shown().begin);
  style.append(Tone::kBold,
               printable(file.path)
                   .append(":")
                   .append(std::to_string(at.line))
                   .append(":")
                   .append(std::to_string(at.column)),
               out);
  out += ": ";
  style.append(tone_of_level(diagnostic.level), lint::name_of(diagnostic.level), out);
  out += ": ";
  append_printable(diagnostic.message, out);
  out += ' ';
  std::string name = "[";
  name += diagnostic.rule;
  if (diagnostic.rule != diagnostic.name) name.append(" ").append(diagnostic.name);
  style.append(Tone::kDim, name.append("]"), out);
  out += '\n';
  append_excerpt(file.text, diagnostic, style, out);
  if (diagnostic.impact) {
    out += "      = ";
    append_printable(diagnostic.impact->words, out);
    out += '\n';
  }
  if (!diagnostic.remedy.empty()) {
    out += "      = ";
    append_printable(diagnostic.remedy, out);
    out += '\n';
  }
  if (diagnostic.fix) {
    out += diagnostic.fix->is_safe() ? "      = --fix can " : "      = --unsafe-fixes can ";
    append_printable(diagnostic.fix->description, out);
    if (!diagnostic.fix->is_safe()) {
      out += "; unsafe: ";
      append_printable(diagnostic.fix->unsafe_because, out);
    }
    out += '\n';
  }
}

// The findings of a file that say the same, by rule and message, each with its place in the list.
std::map<std::pair<std::string_view, std::string_view>, std::vector<size_t>> find_alike(
    const std::vector<Diagnostic>& diagnostics) {
  std::map<std::pair<std::string_view, std::string_view>, std::vector<size_t>> alike;
  for (size_t i = 0; i < diagnostics.size(); ++i)
    alike[{diagnostics[i].rule, diagnostics[i].message}].push_back(i);
  return alike;
}

// "and 91 more like this, in lines 8, 9, 12, …; -v shows all"
void append_rest(const FileFindings& file, std::span<const size_t> rest, std::string& out) {
  constexpr size_t kMostLines = 8;
  std::vector<uint32_t> lines;
  for (const size_t i : rest) {
    const uint32_t line = file.text.lines().line_of(file.findings->diagnostics[i].shown().begin);
    if (lines.empty() || lines.back() != line) lines.push_back(line);
  }
  const bool cut = lines.size() > kMostLines;
  lines.resize(std::min(lines.size(), kMostLines));
  out += fmt::format("      = and {} more like this, in line{} {}{}; -v shows all\n", rest.size(),
                     lines.size() == 1 ? "" : "s", fmt::join(lines, ", "), cut ? ", …" : "");
}

void write_span(const text::Document& file, text::Span span, text::JsonWriter& json) {
  const text::Position begin = file.lines().position_of(span.begin);
  const text::Position end = file.lines().position_of(span.end);
  json.member("line", begin.line)
      .member("column", begin.column)
      .member("end_line", end.line)
      .member("end_column", end.column);
}

void write_fix(const text::Document& file, const std::optional<lint::Fix>& fix, text::JsonWriter& json) {
  json.key("fix");
  if (!fix) {
    json.null();
    return;
  }
  json.begin_object().member("description", fix->description).member("safe", fix->is_safe());
  if (!fix->is_safe()) json.member("unsafe_because", fix->unsafe_because);
  json.key("edits").begin_array();
  for (const text::Edit& edit : fix->edits) {
    json.begin_object();
    write_span(file, edit.span, json);
    json.member("replacement", edit.replacement).end_object();
  }
  json.end_array();
  if (!fix->new_file.empty()) {
    json.key("new_file")
        .begin_object()
        .member("path", fix->new_file)
        .member("content", fix->new_file_content)
        .end_object();
  }
  json.end_object();
}

class FindingsText : public FindingsReport {
 public:
  FindingsText(const Style& style, bool all, std::string note)
      : style_(style), all_(all), note_(std::move(note)) {}

  void begin(std::string& /*out*/) override {}

  void add(FilePart part, std::string& out) override {
    out += part.text;
    ++files_;
    total_.fixable += part.fixable;
    for (size_t level = 0; level < part.counts.size(); ++level)
      total_.counts[level] += part.counts[level];
  }

  void end(std::string& out) override {
    std::string totals;
    for (size_t level = total_.counts.size(); level-- > 0;) {
      const size_t count = total_.counts[level];
      if (count == 0) continue;
      totals +=
          fmt::format("{}{} {}", totals.empty() ? "" : ", ", count, lint::name_of(static_cast<Level>(level)));
      const bool countable = level >= static_cast<size_t>(Level::kWarning);
      if (count > 1 && countable) totals += 's';
    }
    if (totals.empty()) totals = "no findings";
    out += fmt::format("{} in {}", totals, text::counted(files_, "file"));
    out += total_.fixable > 0 ? fmt::format("; --fix can fix {}\n", total_.fixable) : "\n";
    if (!note_.empty()) out += note_ + "\n";
  }

 private:
  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    const std::vector<Diagnostic>& diagnostics = file.findings->diagnostics;
    const auto alike = find_alike(diagnostics);
    for (size_t i = 0; i < diagnostics.size(); ++i) {
      const std::vector<size_t>& same = alike.at({diagnostics[i].rule, diagnostics[i].message});
      const bool folds = !all_ && same.size() > kMostAlike;
      if (folds && i > same[kMostAlike - 1]) continue;
      append_finding(file, diagnostics[i], style_, out);
      if (folds && i == same[kMostAlike - 1]) append_rest(file, std::span(same).subspan(kMostAlike), out);
      out += '\n';
    }
  }

  Style style_;
  bool all_;
  std::string note_;
  FilePart total_;
  size_t files_ = 0;
};

void write_file_finding(const FileFindings& file, const Diagnostic& diagnostic, text::JsonWriter& json) {
  json.begin_object()
      .member("rule", diagnostic.rule)
      .member("name", diagnostic.name)
      .member("path", file.path);
  write_span(file.text, diagnostic.span, json);
  json.member("level", lint::name_of(diagnostic.level))
      .member("message", diagnostic.message)
      .member("remedy", diagnostic.remedy);
  json.key("aliases").begin_array();
  for (const std::string_view alias : diagnostic.aliases)
    json.value(alias);
  json.end_array();
  write_fix(file.text, diagnostic.fix, json);
  if (diagnostic.impact) write_impact(*diagnostic.impact, json.key("impact"));
  json.end_object();
}

class JsonReport : public FindingsArray {
 public:
  void begin(std::string& out) override { out += '['; }
  void end(std::string& out) override { out += "]\n"; }

 private:
  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    text::JsonWriter json(out);
    for (const Diagnostic& diagnostic : file.findings->diagnostics)
      write_file_finding(file, diagnostic, json);
  }
};

}  // namespace

FilePart FindingsReport::part(const FileFindings& file) const {
  FilePart part;
  for (const Diagnostic& diagnostic : file.findings->diagnostics) {
    ++part.counts[static_cast<size_t>(diagnostic.level)];
    if (diagnostic.fix && diagnostic.fix->is_safe()) ++part.fixable;
  }
  append(file, part);
  return part;
}

void FindingsArray::add(FilePart part, std::string& out) {
  if (part.text.empty()) return;
  if (!first_) out += ',';
  first_ = false;
  out += part.text;
}

std::unique_ptr<FindingsReport> findings_text(const Style& style, bool all, std::string note) {
  return std::make_unique<FindingsText>(style, all, std::move(note));
}

std::unique_ptr<FindingsReport> findings_json() {
  return std::make_unique<JsonReport>();
}

}  // namespace dcache::report
