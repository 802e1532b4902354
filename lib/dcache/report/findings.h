// Findings of the linter in the formats that people and programs read.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/engine.h"
#include "dcache/report/places.h"
#include "dcache/report/style.h"
#include "dcache/text/document.h"

namespace dcache::report {

// The findings of one file. All of it has to outlive the report.
struct FileFindings {
  std::string path;  // as the user named it
  text::Document text;
  const lint::Findings* findings = nullptr;
};

// What a report says of one file.
struct FilePart {
  std::string text;
  // Of a report that may have to leave findings out: where in the text each ends, and what it counts for.
  struct Piece {
    size_t end = 0;
    size_t rank = 0;
  };
  std::vector<Piece> pieces;
  std::array<size_t, 4> counts{};  // findings by level
  size_t fixable = 0;              // safely
};

// A report that is written file by file, so that nothing has to be kept of a file that is done.
class FindingsReport {
 public:
  virtual ~FindingsReport() = default;
  // Const, and safe to call from many threads.
  FilePart part(const FileFindings& file) const;
  // Once, then add() for each file in the order that it shall have, then end(). Each appends to `out`.
  virtual void begin(std::string& out) = 0;
  virtual void add(FilePart part, std::string& out) = 0;
  virtual void end(std::string& out) = 0;
  // What end() had to leave out, as a sentence; mostly empty.
  virtual std::string left_out() const { return {}; }

 private:
  virtual void append(const FileFindings& file, FilePart& part) const = 0;
};

// One whose parts are members of a JSON array.
class FindingsArray : public FindingsReport {
 public:
  void add(FilePart part, std::string& out) override;

 private:
  bool first_ = true;
};

// The most findings of one rule in one file that the text shows in full if all say the same.
inline constexpr size_t kMostAlike = 3;

// Each finding with the lines it is about, what to change and the rule's name; then a line of totals. Of
// findings of a file that say the same, the first `kMostAlike` are shown, and a line names the rest, unless
// `all` is set; the totals count them too. A line with `note` ends the report, unless it is empty.
std::unique_ptr<FindingsReport> findings_text(const Style& style, bool all = false, std::string note = {});

// An array of
// {"rule","name","path","line","column","end_line","end_column","level","message","remedy","aliases","fix"};
// lines and columns count from 1, columns count bytes, and the end is after the last byte. `fix` is null or
// {"description","safe","unsafe_because"?,"edits":[{"line","column","end_line","end_column","replacement"}],"new_file"?}.
std::unique_ptr<FindingsReport> findings_json();

struct SarifOptions {
  std::string category = {};  // tells this run from others of the same commit; empty for none
  bool silenced = false;      // findings that are silenced too, marked as suppressed
};
// The most results of a run that GitHub's code scanning takes.
// Source:
// https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
inline constexpr size_t kMostSarifResults = 25'000;

// SARIF 2.1.0 (OASIS standard), one run with all of `rules`. Paths are given relative to the repository's
// folder. Above `kMostSarifResults` the least severe are left out, and a notification of the run says so.
std::unique_ptr<FindingsReport> findings_sarif(std::span<const lint::Rule> rules, Folders folders,
                                               SarifOptions options = {});

// A line for each finding: `file:line:column: level: text [CODE]`, which editors and build tools read.
// Source: GNU Coding Standards, "Formatting Error Messages".
std::unique_ptr<FindingsReport> findings_gnu();

// Workflow commands of GitHub Actions: the findings show up as annotations.
// Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
std::unique_ptr<FindingsReport> findings_github(Folders folders);

// What GitLab shows in merge requests, a subset of the Code Climate format, and that format itself.
// Source: https://docs.gitlab.com/ci/testing/code_quality/, https://github.com/codeclimate/platform (SPEC.md)
std::unique_ptr<FindingsReport> findings_gitlab(Folders folders);
std::unique_ptr<FindingsReport> findings_codeclimate(Folders folders);

// Checkstyle's XML.
std::unique_ptr<FindingsReport> findings_checkstyle();

// JUnit's XML: each file is a suite, each finding a failed case; a file without findings is one case that
// passes.
std::unique_ptr<FindingsReport> findings_junit();

// SonarQube's generic format for issues (10.3 and later), with those of `rules` that have findings or not.
// Source: https://docs.sonarsource.com/sonarqube-server/analyzing-source-code/importing-external-issues/
std::unique_ptr<FindingsReport> findings_sonarqube(std::span<const lint::Rule> rules, Folders folders);

// How many findings each of `rules` has, and how many of them have a safe fix; the most frequent first. A
// table, or JSON without a style: [{"rule", "findings", "fixable", "summary"}].
std::unique_ptr<FindingsReport> findings_statistics(std::span<const lint::Rule> rules,
                                                    std::optional<Style> style);

// A table in Markdown, for summaries of pull requests.
std::unique_ptr<FindingsReport> findings_markdown(Folders folders);

}  // namespace dcache::report
