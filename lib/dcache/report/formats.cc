// The formats of other programs that take a line or an element for each finding.
#include <algorithm>

#include <fmt/format.h>

#include "dcache/report/findings.h"
#include "dcache/report/rule_page.h"
#include "dcache/report/xml.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

using lint::Diagnostic;
using lint::Level;
using lint::Rule;
using text::JsonWriter;

struct Range {
  text::Position begin;
  text::Position end;
};

Range range_of(const FileFindings& file, const Diagnostic& diagnostic) {
  const text::Span span = diagnostic.shown();
  return {file.text.lines().position_of(span.begin), file.text.lines().position_of(span.end)};
}

// One whose parts follow each other, with nothing before or after.
class Lines : public FindingsReport {
 public:
  void begin(std::string& /*out*/) override {}
  void add(FilePart part, std::string& out) override { out += part.text; }
  void end(std::string& /*out*/) override {}
};

class GnuReport : public Lines {
  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    for (const Diagnostic& diagnostic : file.findings->diagnostics) {
      const text::Position at = range_of(file, diagnostic).begin;
      out += fmt::format("{}:{}:{}: {}: {} [{}]\n", printable(file.path), at.line, at.column,
                         lint::name_of(diagnostic.level), printable(diagnostic.sentence()), diagnostic.rule);
    }
  }
};

class GithubReport : public Lines {
 public:
  explicit GithubReport(Folders folders) : folders_(std::move(folders)) {}

 private:
  // Percent escapes for what ends a command or, in a property, the property. Other control characters, which
  // have no escape, are replaced.
  static std::string escaped(std::string_view text, bool property) {
    std::string result;
    const std::string_view special = property ? "%\r\n:," : "%\r\n";
    while (!text.empty()) {
      const size_t plain = std::min(text.find_first_of(special), text.size());
      append_printable(text.substr(0, plain), result);
      if (plain < text.size()) result += fmt::format("%{:02X}", static_cast<unsigned char>(text[plain]));
      text.remove_prefix(std::min(plain + 1, text.size()));
    }
    return result;
  }

  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    for (const Diagnostic& diagnostic : file.findings->diagnostics) {
      const Range range = range_of(file, diagnostic);
      const std::string_view command = diagnostic.level == Level::kError     ? "error"
                                       : diagnostic.level == Level::kWarning ? "warning"
                                                                             : "notice";
      // Columns only make sense to it within one line.
      const std::string columns =
          range.begin.line != range.end.line
              ? ""
              : fmt::format(",col={},endColumn={}", range.begin.column, range.end.column);
      out += fmt::format("::{} file={},line={},endLine={}{},title={}::{}\n", command,
                         escaped(folders_.shown(file.path), true), range.begin.line, range.end.line, columns,
                         escaped(diagnostic.rule, true), escaped(printable(diagnostic.sentence()), false));
    }
  }

  Folders folders_;
};

std::string_view code_quality_severity(Level level) {
  switch (level) {
    case Level::kError:
      return "critical";
    case Level::kWarning:
      return "major";
    case Level::kInfo:
      return "minor";
    case Level::kStyle:
      return "info";
  }
  return "info";
}

class CodeQualityReport : public FindingsArray {
 public:
  CodeQualityReport(Folders folders, bool codeclimate)
      : folders_(std::move(folders)), codeclimate_(codeclimate) {}
  void begin(std::string& out) override { out += '['; }
  void end(std::string& out) override { out += "]\n"; }

 private:
  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    JsonWriter json(out);
    Fingerprints fingerprints;
    const std::string path = folders_.shown(file.path);
    for (const Diagnostic& diagnostic : file.findings->diagnostics) {
      const Range range = range_of(file, diagnostic);
      json.begin_object();
      if (codeclimate_) json.member("type", "issue");
      json.member("check_name", diagnostic.rule).member("description", diagnostic.sentence());
      if (codeclimate_) json.key("categories").begin_array().value("Bug Risk").end_array();
      // GitLab compares these alone, whatever file they are of.
      const std::string fingerprint = fingerprints.next(file.text, diagnostic);
      json.member("fingerprint", context::to_hex(context::Hasher().add(path).add(fingerprint).finish()))
          .member("severity", code_quality_severity(diagnostic.level));
      json.key("location").begin_object().member("path", path);
      json.key("lines").begin_object().member("begin", range.begin.line);
      if (codeclimate_) json.member("end", range.end.line);
      json.end_object().end_object().end_object();
    }
  }

  Folders folders_;
  bool codeclimate_;
};

class CheckstyleReport : public Lines {
 public:
  void begin(std::string& out) override {
    out += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n";
  }
  void end(std::string& out) override { out += "</checkstyle>\n"; }

 private:
  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    out += fmt::format("  <file name=\"{}\">\n", xml(file.path));
    for (const Diagnostic& diagnostic : file.findings->diagnostics) {
      const text::Position at = range_of(file, diagnostic).begin;
      const std::string_view severity =
          diagnostic.level == Level::kStyle ? "info" : lint::name_of(diagnostic.level);
      out += fmt::format(
          "    <error line=\"{}\" column=\"{}\" severity=\"{}\" message=\"{}\" source=\"dcache.{}\"/>\n",
          at.line, at.column, severity, xml(diagnostic.sentence()), diagnostic.rule);
    }
    out += "  </file>\n";
  }
};

class JunitReport : public Lines {
 public:
  void begin(std::string& out) override {
    out += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dcache\">\n";
  }
  void end(std::string& out) override { out += "</testsuites>\n"; }

 private:
  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    const auto& diagnostics = file.findings->diagnostics;
    const std::string path = xml(file.path);
    out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"0\">\n",
                       path, std::max<size_t>(1, diagnostics.size()), diagnostics.size());
    if (diagnostics.empty())
      out += fmt::format("    <testcase name=\"no findings\" classname=\"{}\" time=\"0\"/>\n", path);
    for (const Diagnostic& diagnostic : diagnostics) {
      const text::Position at = range_of(file, diagnostic).begin;
      const std::string message = xml(diagnostic.sentence());
      out += fmt::format(
          "    <testcase name=\"{0} line {1}\" classname=\"{2}\" time=\"0\">\n"
          "      <failure type=\"{3}\" message=\"{4}\">{2}:{1}:{5}: {4}</failure>\n    </testcase>\n",
          diagnostic.rule, at.line, path, lint::name_of(diagnostic.level), message, at.column);
    }
    out += "  </testsuite>\n";
  }
};

class SonarqubeReport : public FindingsArray {
 public:
  SonarqubeReport(std::span<const Rule> rules, Folders folders)
      : rules_(rules), folders_(std::move(folders)) {}

  void begin(std::string& out) override {
    JsonWriter json(out);
    json.begin_object().key("rules").begin_array();
    for (const Rule& rule : rules_)
      write_rule(rule.code, rule.name, rule.rationale, rule.level, json);
    write_rule(lint::kNotBuildable, lint::kNotBuildableName, "Builders refuse the file.", Level::kError,
               json);
    write_rule(lint::kUnusedSuppression, lint::kUnusedSuppressionName, "A comment silences nothing.",
               Level::kInfo, json);
    write_rule(kShellCheck, kShellCheck, "A finding of ShellCheck about the script of a RUN.",
               Level::kWarning, json);
    json.end_array().key("issues").begin_array();
  }
  void end(std::string& out) override { out += "]}\n"; }

 private:
  static constexpr std::string_view kShellCheck = "ShellCheck";

  static std::string_view severity(Level level) {
    return level == Level::kError ? "HIGH" : level == Level::kWarning ? "MEDIUM" : "LOW";
  }

  static void write_rule(std::string_view code, std::string_view name, std::string_view rationale,
                         Level level, JsonWriter& json) {
    json.begin_object()
        .member("id", code)
        .member("name", name)
        .member("description", rationale)
        .member("engineId", "dcache")
        .member("cleanCodeAttribute", "CONVENTIONAL");
    json.key("impacts").begin_array().begin_object();
    json.member("softwareQuality", "MAINTAINABILITY").member("severity", severity(level));
    json.end_object().end_array().end_object();
  }

  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    JsonWriter json(out);
    for (const Diagnostic& diagnostic : file.findings->diagnostics) {
      const Range range = range_of(file, diagnostic);
      // The format wants every rule listed, and its codes are many.
      const bool foreign = lint::is_shellcheck_code(diagnostic.rule);
      json.begin_object().member("ruleId", foreign ? kShellCheck : diagnostic.rule);
      json.key("primaryLocation").begin_object();
      json.member("message", foreign ? fmt::format("{}: {}", diagnostic.rule, diagnostic.sentence())
                                     : diagnostic.sentence());
      json.member("filePath", folders_.shown(file.path)).key("textRange").begin_object();
      json.member("startLine", range.begin.line);
      // Columns count from 0, and a range must not be empty.
      if (range.begin.line == range.end.line && range.begin.column < range.end.column)
        json.member("startColumn", range.begin.column - 1).member("endColumn", range.end.column - 1);
      json.end_object().end_object().end_object();
    }
  }

  std::span<const Rule> rules_;
  Folders folders_;
};

class MarkdownReport : public FindingsReport {
 public:
  explicit MarkdownReport(Folders folders) : folders_(std::move(folders)) {}

  void begin(std::string& /*out*/) override {}

  void add(FilePart part, std::string& out) override {
    if (part.text.empty()) return;
    if (!any_) out += "| place | level | finding | rule |\n|---|---|---|---|\n";
    any_ = true;
    out += part.text;
  }

  void end(std::string& out) override {
    if (!any_) out += "No findings.\n";
  }

 private:
  // What would end a cell or start something else in Markdown.
  static std::string cell(std::string_view text) {
    std::string result;
    const std::string clean = printable(text);
    for (const char c : clean) {
      if (std::string_view("|*_<>[]\\`~&$").find(c) != std::string_view::npos) result += '\\';
      result += c;
    }
    return result;
  }

  // A code span in a cell: with more backticks around it than in it. A table takes no other escape than `\|`.
  // Source: https://github.github.com/gfm/#code-spans
  static std::string code(std::string_view text) {
    std::string inside;
    size_t longest = 0, run = 0;
    for (const char c : printable(text)) {
      run = c == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
      if (c == '|') inside += '\\';
      inside += c;
    }
    const std::string fence(longest + 1, '`');
    const std::string_view padding = longest > 0 ? " " : "";
    return fmt::format("{0}{1}{2}{1}{0}", fence, padding, inside);
  }

  void append(const FileFindings& file, FilePart& part) const override {
    std::string& out = part.text;
    for (const Diagnostic& diagnostic : file.findings->diagnostics) {
      const std::string place =
          fmt::format("{}:{}", folders_.shown(file.path), range_of(file, diagnostic).begin.line);
      out += fmt::format("| {} | {} | {} | [{}]({}) |\n", code(place), lint::name_of(diagnostic.level),
                         cell(diagnostic.sentence()), cell(diagnostic.rule), page_address(diagnostic.rule));
    }
  }

  Folders folders_;
  bool any_ = false;
};

}  // namespace

std::unique_ptr<FindingsReport> findings_gnu() {
  return std::make_unique<GnuReport>();
}

std::unique_ptr<FindingsReport> findings_github(Folders folders) {
  return std::make_unique<GithubReport>(std::move(folders));
}

std::unique_ptr<FindingsReport> findings_gitlab(Folders folders) {
  return std::make_unique<CodeQualityReport>(std::move(folders), false);
}

std::unique_ptr<FindingsReport> findings_codeclimate(Folders folders) {
  return std::make_unique<CodeQualityReport>(std::move(folders), true);
}

std::unique_ptr<FindingsReport> findings_checkstyle() {
  return std::make_unique<CheckstyleReport>();
}

std::unique_ptr<FindingsReport> findings_junit() {
  return std::make_unique<JunitReport>();
}

std::unique_ptr<FindingsReport> findings_sonarqube(std::span<const Rule> rules, Folders folders) {
  return std::make_unique<SonarqubeReport>(rules, std::move(folders));
}

std::unique_ptr<FindingsReport> findings_markdown(Folders folders) {
  return std::make_unique<MarkdownReport>(std::move(folders));
}

}  // namespace dcache::report
