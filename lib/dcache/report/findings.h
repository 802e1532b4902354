// Findings of the linter in the formats that people and programs read.
#pragma once

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

// Each finding with the lines it is about, what to change and the rule's name; then a line of totals.
void append_findings_text(std::span<const FileFindings> files, const Style& style, std::string& out);

// An array of
// {"rule","name","path","line","column","end_line","end_column","level","message","remedy","aliases","fix"};
// lines and columns count from 1, columns count bytes, and the end is behind the last byte. `fix` is null or
// {"description","safe","edits":[{"line","column","end_line","end_column","replacement"}],"new_file"?}.
void append_findings_json(std::span<const FileFindings> files, std::string& out);

// SARIF 2.1.0 (OASIS standard), one run. Paths are given relative to `root`, the repository's folder;
// `current` is the folder that relative paths start from.
void append_findings_sarif(std::span<const FileFindings> files, std::span<const lint::Rule> rules,
                           const std::string& root, const std::string& current, std::string& out);

}  // namespace dcache::report
