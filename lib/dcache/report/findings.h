// Findings of the linter in the formats that people and programs read.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/lint/engine.h"
#include "dcache/report/style.h"

namespace dcache::report {

// The findings of one file. All of it has to outlive the report.
struct FileFindings {
  std::string path;  // as the user named it
  const dockerfile::File* file = nullptr;
  const lint::Findings* findings = nullptr;
};

// What a report says of one file.
struct FilePart {
  std::string text;
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

 private:
  virtual void append(const FileFindings& file, std::string& out) const = 0;
};

// One whose parts are members of a JSON array.
class FindingsArray : public FindingsReport {
 public:
  void add(FilePart part, std::string& out) override;

 private:
  bool first_ = true;
};

// Each finding with the lines it is about, what to change and the rule's name; then a line of totals.
std::unique_ptr<FindingsReport> findings_text(const Style& style);

// An array of
// {"rule","name","path","line","column","end_line","end_column","level","message","remedy","aliases","fix"};
// lines and columns count from 1, columns count bytes, and the end is behind the last byte. `fix` is null or
// {"description","safe","edits":[{"line","column","end_line","end_column","replacement"}],"new_file"?}.
std::unique_ptr<FindingsReport> findings_json();

// SARIF 2.1.0 (OASIS standard), one run with all of `rules`. Paths are given relative to `root`, the
// repository's folder; `current` is the folder that relative paths start from.
std::unique_ptr<FindingsReport> findings_sarif(std::span<const lint::Rule> rules, std::string root,
                                               std::string current);

}  // namespace dcache::report
