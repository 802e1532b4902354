// SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "dcache/address.h"
#include "dcache/report/findings.h"
#include "dcache/report/impact_json.h"
#include "dcache/report/places.h"
#include "dcache/report/rule_page.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/uri.h"
#include "dcache/text/utf16.h"
#include "dcache/version.h"

namespace dcache::report {
namespace {

using lint::Diagnostic;
using lint::Level;
using lint::Rule;
using text::JsonWriter;

constexpr std::string_view kHome = DCACHE_ADDRESS;
constexpr std::string_view kRootId = "SRCROOT";

std::string_view sarif_level(Level level) {
  switch (level) {
    case Level::kError:
      return "error";
    case Level::kWarning:
      return "warning";
    case Level::kInfo:
    case Level::kStyle:
      return "note";
  }
  return "none";
}

// What results point to by number: the rules, and after them the pseudo-rules of the engine.
class RuleNumbers {
 public:
  explicit RuleNumbers(std::span<const Rule> rules) : rules_(rules) {
    for (const Rule& rule : rules)
      numbers_.emplace(rule.code, numbers_.size());
    numbers_.emplace(lint::kNotBuildable, numbers_.size());
    numbers_.emplace(lint::kUnusedSuppression, numbers_.size());
  }
  std::span<const Rule> rules() const { return rules_; }
  // Nothing for a code of ShellCheck's, which are not listed.
  std::optional<size_t> of(std::string_view code) const {
    const auto known = numbers_.find(code);
    return known == numbers_.end() ? std::nullopt : std::optional(known->second);
  }

 private:
  std::span<const Rule> rules_;
  std::map<std::string_view, size_t> numbers_;
};

class SarifWriter {
 public:
  SarifWriter(const RuleNumbers& rules, const Folders& folders, std::string& out, int depth)
      : rules_(rules), folders_(folders), json_(out, 1, depth) {}

  // Up to the results.
  void write_head(const std::string& category) {
    json_.begin_object()
        .member("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
        .member("version", "2.1.0");
    json_.key("runs").begin_array().begin_object();
    write_tool();
    json_.key("originalUriBaseIds").begin_object().key(kRootId).begin_object();
    json_.member("uri", text::file_uri(folders_.root.ends_with('/') ? folders_.root : folders_.root + '/'));
    json_.key("description").begin_object().member("text", "The root of the repository.").end_object();
    json_.end_object().end_object();
    json_.member("columnKind", "utf16CodeUnits");
    // The slash says that all of it is a category, and nothing the number of a run.
    if (!category.empty())
      json_.key("automationDetails").begin_object().member("id", category + "/").end_object();
    json_.key("results").begin_array();
  }

  void write_result(const FileFindings& file, const Diagnostic& diagnostic,
                    const lint::SuppressedDiagnostic* silenced, Fingerprints& seen) {
    json_.begin_object().member("ruleId", diagnostic.rule);
    if (const auto index = rules_.of(diagnostic.rule)) json_.member("ruleIndex", *index);
    json_.member("level", sarif_level(diagnostic.level));
    write_text("message", diagnostic.sentence() + ".");
    json_.key("locations").begin_array().begin_object().key("physicalLocation").begin_object();
    write_artifact(file.path);
    write_region("region", file.text, diagnostic.shown(), true);
    json_.end_object().end_object().end_array();
    json_.key("partialFingerprints").begin_object();
    json_.member("primaryLocationLineHash", seen.next(file.text, diagnostic)).end_object();
    if (silenced != nullptr) write_suppression(*silenced);
    if (diagnostic.fix) write_fix(file, *diagnostic.fix);
    if (diagnostic.impact) {
      json_.key("properties").begin_object();
      write_impact(*diagnostic.impact, json_.key("impact"));
      json_.end_object();
    }
    json_.end_object();
  }

  // After the results.
  void write_tail(const std::string& left_out) {
    json_.end_array();
    if (!left_out.empty()) {
      json_.key("invocations").begin_array().begin_object().member("executionSuccessful", true);
      json_.key("toolExecutionNotifications").begin_array().begin_object().member("level", "warning");
      write_text("message", left_out + ".");
      json_.end_object().end_array().end_object().end_array();
    }
    json_.end_object().end_array().end_object();
  }

 private:
  void write_tool() {
    json_.key("tool").begin_object().key("driver").begin_object();
    json_.member("name", "dcache").member("semanticVersion", DCACHE_VERSION).member("informationUri", kHome);
    json_.key("rules").begin_array();
    for (const Rule& rule : rules_.rules())
      write_rule(rule.code, rule.name, rule.summary, rule.rationale, rule.level, lint::references_of(rule),
                 rule.security_severity);
    write_rule(lint::kNotBuildable, lint::kNotBuildableName, "Builders refuse the file",
               "The file can't be split into instructions, or one of them is malformed.", Level::kError, {});
    write_rule(lint::kUnusedSuppression, lint::kUnusedSuppressionName, "A comment silences nothing",
               "The comment names a rule that reports nothing there.", Level::kInfo, {});
    json_.end_array().end_object().end_object();
  }

  void write_text(std::string_view key, std::string_view text) {
    json_.key(key).begin_object().member("text", text).end_object();
  }

  // "copy-before-deps" as "CopyBeforeDeps", which is how the format wants names.
  static std::string pascal_case(std::string_view name) {
    std::string pascal;
    bool start = true;
    for (const char c : name) {
      if (c == '-') {
        start = true;
        continue;
      }
      pascal += start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      start = false;
    }
    return pascal;
  }

  void write_rule(std::string_view code, std::string_view name, std::string_view summary,
                  std::string_view rationale, Level level, const std::vector<std::string>& references,
                  std::string_view security_severity = {}) {
    json_.begin_object().member("id", code);
    // A name that only repeats the id is worse than none (SARIF1001).
    if (name != code) json_.member("name", pascal_case(name));
    write_text("shortDescription", fmt::format("{}.", summary));
    write_text("fullDescription", rationale);
    json_.key("help").begin_object().member("text", rationale);
    std::string markdown = fmt::format("# {} {}\n\n{}.\n\n{}\n", code, name, summary, rationale);
    for (const std::string& reference : references)
      markdown += fmt::format("\n- <{}>", reference);
    json_.member("markdown", markdown).end_object();
    json_.member("helpUri", page_address(code));
    json_.key("defaultConfiguration").begin_object().member("level", sarif_level(level)).end_object();
    json_.key("properties").begin_object().member("precision", "high");
    if (!security_severity.empty()) json_.member("security-severity", security_severity);
    json_.key("tags").begin_array().value("docker").value("build-cache");
    if (!security_severity.empty()) json_.value("security");
    json_.end_array().end_object();
    json_.end_object();
  }

  void write_suppression(const lint::SuppressedDiagnostic& silenced) {
    const bool in_source = silenced.by == lint::SuppressedDiagnostic::By::kComment;
    json_.key("suppressions")
        .begin_array()
        .begin_object()
        .member("kind", in_source ? "inSource" : "external");
    if (!silenced.reason.empty()) json_.member("justification", silenced.reason);
    json_.end_object().end_array();
  }

  void write_artifact(const std::string& path) {
    json_.key("artifactLocation").begin_object();
    if (const auto inside = folders_.in_repository(path)) {
      json_.member("uri", text::percent_encoded(*inside)).member("uriBaseId", kRootId);
    } else {
      json_.member("uri", text::file_uri(folders_.absolute(path)));
    }
    json_.end_object();
  }

  // Columns count UTF-16 code units, as code scanning wants them.
  static uint32_t utf16_column(const text::Document& file, uint32_t offset) {
    const text::Span line = file.lines().line_span(file.lines().line_of(offset));
    return 1 + text::utf16_length(file.source().substr(line.begin, offset - line.begin));
  }

  void write_region(std::string_view key, const text::Document& file, text::Span span, bool snippet) {
    const auto line_of = [&](uint32_t offset) { return file.lines().line_of(offset); };
    json_.key(key).begin_object();
    json_.member("startLine", line_of(span.begin)).member("startColumn", utf16_column(file, span.begin));
    json_.member("endLine", line_of(span.end)).member("endColumn", utf16_column(file, span.end));
    if (snippet) write_text("snippet", span.of(file.source()));
    json_.end_object();
  }

  void write_fix(const FileFindings& file, const lint::Fix& fix) {
    if (fix.edits.empty()) return;
    json_.key("fixes").begin_array().begin_object();
    write_text("description", fmt::format("{}.", fix.description));
    json_.key("artifactChanges").begin_array().begin_object();
    write_artifact(file.path);
    json_.key("replacements").begin_array();
    for (const text::Edit& edit : fix.edits) {
      json_.begin_object();
      write_region("deletedRegion", file.text, edit.span, false);
      write_text("insertedContent", edit.replacement);
      json_.end_object();
    }
    json_.end_array().end_object().end_array().end_object().end_array();
  }

  const RuleNumbers& rules_;
  const Folders& folders_;
  JsonWriter json_;
};

// How deep in the document the results are.
constexpr int kResultsDepth = 4;

class SarifReport : public FindingsReport {
 public:
  SarifReport(std::span<const Rule> rules, Folders folders, SarifOptions options)
      : rules_(rules), folders_(std::move(folders)), options_(std::move(options)) {}

  void begin(std::string& out) override {
    SarifWriter(rules_, folders_, out, 0).write_head(options_.category);
  }

  void add(FilePart part, std::string&) override {
    size_t begin = 0;
    for (const FilePart::Piece& piece : part.pieces) {
      kept_[piece.rank].push_back({total_++, part.text.substr(begin, piece.end - begin)});
      begin = piece.end;
      if (total_ - dropped_ > kMostSarifResults) drop_one();
    }
  }

  void end(std::string& out) override {
    std::vector<RankedResult> all;
    for (std::vector<RankedResult>& of_rank : kept_)
      std::ranges::move(of_rank, std::back_inserter(all));
    std::ranges::sort(all, {}, &RankedResult::number);
    for (const RankedResult& one : all)
      out.append(&one == all.data() ? "" : ",").append(one.text);
    SarifWriter(rules_, folders_, out, kResultsDepth).write_tail(left_out());
    out += '\n';
  }

  std::string left_out() const override {
    if (dropped_ == 0) return {};
    const std::string count = dropped_ == 1 ? "" : fmt::format("{} ", dropped_);
    return fmt::format("the {}least severe of {} findings {} left out: code scanning accepts at most {}",
                       count, total_, dropped_ == 1 ? "is" : "are", kMostSarifResults);
  }

 private:
  // A result as it is written, and its place among all of them.
  struct RankedResult {
    size_t number;
    std::string text;
  };

  void append(const FileFindings& file, FilePart& part) const override {
    Fingerprints seen;
    const auto add = [&](const Diagnostic& diagnostic, const lint::SuppressedDiagnostic* silenced,
                         size_t rank) {
      SarifWriter(rules_, folders_, part.text, kResultsDepth).write_result(file, diagnostic, silenced, seen);
      part.pieces.push_back({part.text.size(), rank});
    };
    for (const Diagnostic& diagnostic : file.findings->diagnostics)
      add(diagnostic, nullptr, 1 + static_cast<size_t>(diagnostic.level));
    if (!options_.silenced) return;
    for (const lint::SuppressedDiagnostic& silenced : file.findings->silenced)
      add(silenced.diagnostic, &silenced, 0);
  }

  void drop_one() {
    const auto least = std::ranges::find_if(kept_, [](const auto& of_rank) { return !of_rank.empty(); });
    least->pop_back();
    ++dropped_;
  }

  RuleNumbers rules_;
  Folders folders_;
  SarifOptions options_;
  std::array<std::vector<RankedResult>, 5> kept_;  // what is silenced, then by level
  size_t total_ = 0;
  size_t dropped_ = 0;
};

}  // namespace

std::unique_ptr<FindingsReport> findings_sarif(std::span<const Rule> rules, Folders folders,
                                               SarifOptions options) {
  return std::make_unique<SarifReport>(rules, std::move(folders), std::move(options));
}

}  // namespace dcache::report
