#include "dcache/lsp/verdicts.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/cache/selection.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lsp/markdown.h"
#include "dcache/report/explain.h"
#include "dcache/report/style.h"
#include "dcache/report/weight.h"
#include "dcache/text/words.h"

namespace dcache::lsp {
namespace {

using cache::StepReport;
using cache::Verdict;
using nlohmann::json;
using ImageVerdicts = editor::Workspace::ImageVerdicts;

constexpr size_t kMostFiles = 10;

const plan::Step& step_of(const ImageVerdicts& explained, const StepReport& report) {
  return explained.build->graph().steps[report.step];
}

std::string_view words_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHit:
      return "reused";
    case Verdict::kMiss:
      return "rebuilds";
    case Verdict::kDepends:
      return "depends";
    case Verdict::kUnused:
      return "not needed for this target";
    case Verdict::kUnknown:
      return "unknown";
  }
  return "";
}

std::string verdict_words(const StepReport& report) {
  return fmt::format("{} {}", report::sign_of(report.verdict), words_of(report.verdict));
}

std::string verdict_line(const ImageVerdicts& explained, const StepReport& report) {
  const std::string cause = report::cause_words(*explained.build, report);
  return report::printable(verdict_words(report) + (cause.empty() ? "" : ": ") + cause);
}

// The files of a context as they were before; null for a context that was not there.
const context::Snapshot* files_before(const cache::Build& before, const plan::Read& read) {
  if (read.origin != plan::Read::Origin::kNamedContext) return &before.context();
  const auto named = before.named_contexts().find(read.name);
  return named == before.named_contexts().end() ? nullptr : &named->second;
}

// What of the files that a step takes from contexts differs from before: "src/a.c changed".
std::vector<std::string> changed_files(const ImageVerdicts& explained, size_t step) {
  std::vector<std::string> lines;
  if (explained.before == nullptr) return lines;
  std::set<const context::Record*> seen;
  for (const cache::ReadFiles& read : explained.build->keys()[step].reads) {
    const auto* const before =
        files_before(*explained.before, explained.build->graph().steps[step].reads[read.read]);
    for (const cache::SelectedFile& file : read.selection.files) {
      const context::Record& record = *file.record;
      if (record.type == context::Type::kFolder || !seen.insert(&record).second) continue;
      const context::Record* const old = before == nullptr ? nullptr : before->find(record.path);
      if (old == nullptr) {
        lines.push_back(code(record.path) + " is new");
      } else if (!cache::are_same(*old, record)) {
        lines.push_back(code(record.path) + " changed");
      }
    }
  }
  return lines;
}

void append_files(const ImageVerdicts& explained, const StepReport& report, std::string& out) {
  const auto files = report::files_of(explained.build->keys()[report.step]);
  if (files.empty()) return;
  out += fmt::format("\n\nTakes {} from the context.", report::weight_words(report::weight_of(files)));
  const std::vector<std::string> changes = changed_files(explained, report.step);
  // The verdict names a single file already.
  if (changes.size() == 1 && !report.follows && report.cause.kind == cache::Cause::Kind::kFile) return;
  for (size_t i = 0; i < std::min(changes.size(), kMostFiles); ++i)
    out += (i == 0 ? "\n\n- " : "\n- ") + changes[i];
  if (changes.size() > kMostFiles) out += fmt::format("\n- and {} more", changes.size() - kMostFiles);
}

}  // namespace

json inlay_hints(const ImageVerdicts& explained, text::Span range, const Positions& positions) {
  json hints = json::array();
  std::set<uint32_t> lines;  // an instruction that several stages run is one line
  for (const StepReport& report : explained.report.steps) {
    const plan::Step& step = step_of(explained, report);
    const text::Span& span = step.instruction->span;
    // Nearly every file has a base image without digest, of which only the registry knows.
    const bool quiet = report.verdict == Verdict::kHit ||
                       (report.verdict == Verdict::kUnknown && step.kind == plan::Step::Kind::kImage);
    if (quiet || span.begin < range.begin || span.begin > range.end) continue;
    const Place start = positions.place_of(span.begin);
    if (!lines.insert(start.line).second) continue;
    hints.push_back({{"position", positions.position_of(positions.line(start.line).end)},
                     {"label", verdict_line(explained, report)},
                     {"paddingLeft", true}});
  }
  return hints;
}

json code_lenses(const ImageVerdicts& explained, const std::string& occasion, const Positions& positions) {
  json lenses = json::array();
  for (const plan::Stage& stage : explained.build->graph().stages) {
    if (stage.from == nullptr) continue;
    size_t steps = 0, rebuilt = 0, depending = 0;
    for (const size_t index : stage.steps) {
      if (explained.build->graph().steps[index].kind == plan::Step::Kind::kImage) continue;
      const Verdict verdict = explained.report.steps[index].verdict;
      ++steps;
      rebuilt += verdict == Verdict::kMiss ? 1U : 0U;
      depending += verdict == Verdict::kDepends ? 1U : 0U;
    }
    if (steps == 0) continue;
    std::string title = fmt::format("{} of {} {} {}", rebuilt, text::counted(steps, "step"),
                                    rebuilt == 1 ? "rebuilds" : "rebuild", occasion);
    if (depending > 0) title += fmt::format(", {} may", depending);
    if (!stage.needed) title = "not needed for this target";
    // A command without a name is text alone.
    lenses.push_back({{"range", positions.range_of(stage.from->name_span)},
                      {"command", {{"title", report::printable(title)}, {"command", ""}}}});
  }
  return lenses;
}

std::string step_help(const ImageVerdicts& explained, const std::string& occasion, uint32_t offset) {
  std::string help;
  std::set<std::string> told;  // several stages may run one instruction
  for (const StepReport& report : explained.report.steps) {
    const plan::Step& step = step_of(explained, report);
    if (!step.instruction->span.contains(offset)) continue;
    const cache::Build& build = *explained.build;
    // The rows of a step that follows others name the cause.
    std::string part = fmt::format(
        "**{}** ({})", report.follows ? verdict_words(report) : verdict_line(explained, report), occasion);
    if (report.follows) {
      std::string rows;
      report::append_why(build, explained.report, step.instruction->start_line, report::Style(false), rows);
      part += "\n\n```text\n" + rows + "```";
    }
    append_files(explained, report, part);
    if (told.insert(part).second) help += (help.empty() ? "" : "\n\n") + part;
  }
  return help;
}

std::string rule_help(const editor::Workspace::LintAnswer& linted, uint32_t offset) {
  std::string help;
  std::set<std::string_view> told;
  for (const lint::Diagnostic& diagnostic : linted.findings.diagnostics) {
    const text::Span shown = diagnostic.shown();
    if (offset < shown.begin || offset > shown.end || !told.insert(diagnostic.rule).second) continue;
    const lint::Rule* rule = lint::find_rule(lint::catalogue(), diagnostic.rule);
    if (rule == nullptr) continue;
    if (!help.empty()) help += "\n\n---\n\n";
    const std::string name = rule->code == rule->name ? "" : fmt::format(" {}", rule->name);
    help += fmt::format("**{}{}**: {}\n\n{}", rule->code, name, rule->summary, rule->rationale);
    const auto references = lint::references_of(*rule);
    for (const std::string& reference : references)
      help += fmt::format("{}<{}>", &reference == references.data() ? "\n\n" : " ", reference);
  }
  return help;
}

}  // namespace dcache::lsp
