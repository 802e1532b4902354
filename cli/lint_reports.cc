#include "cli/lint_reports.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/build_options.h"
#include "cli/terminal.h"
#include "dcache/context/git.h"
#include "dcache/lint/catalogue.h"
#include "dcache/report/places.h"
#include "dcache/text/suggest.h"

namespace dcache::cli {
namespace {

// How a report is made.
struct ReportSettings {
  const report::Folders& folders;
  const LintOptions& options;
  const std::string& note;
  bool to_file = false;
};
using MakeReport = std::unique_ptr<report::FindingsReport> (*)(const ReportSettings&);
struct Format {
  std::string_view name;
  MakeReport make;
  bool has_commands = false;
};
constexpr Format kFormats[] = {
    {"text",
     [](const ReportSettings& how) {
       return report::findings_text(report::Style(!how.to_file && use_colour()), how.options.verbose,
                                    how.note);
     }},
    {"json", [](const ReportSettings&) { return report::findings_json(); }},
    {"sarif",
     [](const ReportSettings& how) {
       return report::findings_sarif(
           lint::catalogue(), how.folders,
           {.category = how.options.sarif_category, .silenced = how.options.sarif_suppressed});
     }},
    {"concise", [](const ReportSettings&) { return report::findings_gnu(); }},
    {"gnu", [](const ReportSettings&) { return report::findings_gnu(); }},
    {"github", [](const ReportSettings& how) { return report::findings_github(how.folders); }, true},
    {"gitlab", [](const ReportSettings& how) { return report::findings_gitlab(how.folders); }},
    {"codeclimate", [](const ReportSettings& how) { return report::findings_codeclimate(how.folders); }},
    {"checkstyle", [](const ReportSettings&) { return report::findings_checkstyle(); }},
    {"junit", [](const ReportSettings&) { return report::findings_junit(); }},
    {"sonarqube",
     [](const ReportSettings& how) { return report::findings_sonarqube(lint::catalogue(), how.folders); }},
    {"markdown", [](const ReportSettings& how) { return report::findings_markdown(how.folders); }},
    {"statistics",
     [](const ReportSettings& how) {
       const auto& formats = how.options.formats;
       const bool is_json = how.options.statistics && !formats.empty() && formats.back().starts_with("json");
       return report::findings_statistics(
           lint::catalogue(),
           is_json ? std::nullopt : std::optional(report::Style(!how.to_file && use_colour())));
     }},
};

// The format of FORMAT or FORMAT=FILE; null for none.
const Format* find_format(std::string_view word) {
  const auto found = std::ranges::find(kFormats, word.substr(0, word.find('=')), &Format::name);
  return found == std::end(kFormats) ? nullptr : found;
}

}  // namespace

std::vector<std::string_view> format_names() {
  std::vector<std::string_view> names;
  for (const Format& format : kFormats)
    names.push_back(format.name);
  return names;
}

std::string wrong_format(const std::string& word) {
  if (find_format(word) != nullptr) return {};
  const std::vector<std::string_view> names = format_names();
  const std::string_view name = std::string_view(word).substr(0, word.find('='));
  return text::did_you_mean(name, names, fmt::format("expected {}", fmt::join(names, ", ")));
}

void Reports::Output::print() {
  has_commands ? print_exactly_and_clear(text) : print_and_clear(text);
}

bool Reports::open(const LintOptions& options, const std::string& note) {
  std::string current = current_folder();
  std::string root = context::repository_root(current);
  const report::Folders folders{root.empty() ? current : std::move(root), current};
  std::vector<std::string> formats = options.formats;
  if (options.statistics) {
    // In the place of the last format, and into its file.
    std::string_view file = formats.empty() ? std::string_view() : formats.back();
    file.remove_prefix(std::min(file.find('='), file.size()));
    formats = {fmt::format("statistics{}", file)};
  }
  if (formats.empty()) formats = {"text"};
  // The report into a file, and next to it what people read.
  if (!options.output.empty()) formats = {formats.back() + "=" + options.output, "text"};
  for (const std::string& format : formats) {
    const size_t equals = std::min(format.find('='), format.size());
    std::string file = format.substr(std::min(equals + 1, format.size()));
    const bool to_file = !file.empty() && file != "-";
    const Format& found = *find_format(format);
    Output& output = outputs_.emplace_back(found.make({folders, options, note, to_file}),
                                           to_file ? std::move(file) : "", "", found.has_commands);
    output.report->begin(output.text);
  }
  const auto to_terminal = std::ranges::count(outputs_, std::string(), &Output::file);
  if (to_terminal > 1)
    complain("--format: only one report can go to standard output; write FORMAT=FILE for the others");
  return to_terminal <= 1;
}

std::vector<report::FilePart> Reports::parts(const report::FileFindings& file) const {
  std::vector<report::FilePart> parts;
  for (const Output& output : outputs_)
    parts.push_back(output.report->part(file));
  return parts;
}

void Reports::add(std::vector<report::FilePart> parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    Output& output = outputs_[i];
    output.report->add(std::move(parts[i]), output.text);
    if (output.file.empty() && output.text.size() > kOutputPiece) output.print();
  }
}

bool Reports::finish() {
  bool good = true;
  for (Output& output : outputs_) {
    output.report->end(output.text);
    if (const std::string less = output.report->left_out(); !less.empty()) complain("warning: " + less);
    if (output.file.empty()) {
      output.print();
      continue;
    }
    good = write_output(output.file, output.text) && good;
  }
  return good;
}

}  // namespace dcache::cli
