#include "cli/log_hints.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "dcache/lint/build_facts.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/linters.h"
#include "dcache/project/images.h"

namespace dcache::cli {
namespace {

// Rules whose fix makes an edit run fewer of the steps after a line.
constexpr std::array<std::string_view, 3> kRules = {"DC1001", "DC1010", "DC2001"};

bool fixes_rebuilds(const lint::Diagnostic& diagnostic) {
  return diagnostic.fix && diagnostic.fix->is_safe() &&
         std::ranges::find(kRules, diagnostic.rule) != kRules.end();
}

// The steps of a build that others follow, and that nothing else made run.
std::set<size_t> roots_of(const report::LogBuild& build) {
  std::set<size_t> roots;
  for (size_t i = 0; i < build.steps.size(); ++i) {
    if (build.steps[i].ran() && build.steps[i].follows) roots.insert(build.root_of(i));
  }
  return roots;
}

// The line that a step runs because of: that of a variable, or its own.
uint32_t line_to_blame(const report::LogStep& step) {
  const bool is_variable =
      step.predicted != nullptr && step.predicted->cause.kind == cache::Cause::Kind::kVariable;
  return is_variable && step.predicted->cause.line != 0 ? step.predicted->cause.line : step.line;
}

}  // namespace

void add_hints(const BuildFlags& flags, report::LogView& view) {
  const auto options = project_options_of(flags);
  if (!options) return;
  const auto images = std::make_shared<project::ImageFinder>(*options);
  lint::BuildFactsFinder facts(options->read.files, images);
  lint::Linters linters(lint::catalogue(), {.files = options->read.files.get()});
  for (report::LogBuild& build : view.builds) {
    const std::set<size_t> roots = roots_of(build);
    if (!build.has_dockerfile() || roots.empty()) continue;
    const lint::Linters::Entry& entry = linters.of(build.model.dockerfile);
    if (!entry.linter) continue;
    const dockerfile::File& file = *build.model.file;
    const lint::Findings findings = entry.linter->lint(file, facts.of(build.model.dockerfile, flags.context));
    for (const lint::Diagnostic& diagnostic : findings.diagnostics) {
      if (!fixes_rebuilds(diagnostic)) continue;
      const uint32_t line = file.lines().position_of(diagnostic.span.begin).line;
      for (const size_t root : roots) {
        if (line_to_blame(build.steps[root]) == line) build.steps[root].fixed_by = diagnostic.rule;
      }
    }
  }
}

}  // namespace dcache::cli
