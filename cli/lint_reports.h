// Where the findings of `dcache lint` go.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/lint_options.h"
#include "dcache/report/findings.h"

namespace dcache::cli {

// Text for standard output is written in pieces of about so many bytes.
inline constexpr size_t kOutputPiece = size_t{1} << 16U;

std::vector<std::string_view> format_names();
// What is wrong with a FORMAT or FORMAT=FILE; empty for nothing.
std::string wrong_format(const std::string& word);

// The reports that were asked for, written side by side.
class Reports {
 public:
  // False, with a word on standard error, if two want standard output. `note` is the last line of the text.
  bool open(const LintOptions& options, const std::string& note);
  // What each says of a file. Safe to call from many threads.
  std::vector<report::FilePart> parts(const report::FileFindings& file) const;
  void add(std::vector<report::FilePart> parts);
  // False, with a word on standard error, if a file can't be written.
  bool finish();

 private:
  // A report and where it goes.
  struct Output {
    std::unique_ptr<report::FindingsReport> report;
    std::string file;           // empty for standard output
    std::string text;           // that is not written yet
    bool has_commands = false;  // which the log of a CI job shall run

    void print();
  };
  std::vector<Output> outputs_;
};

}  // namespace dcache::cli
