#include "rules/gain.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/cache/what_if.h"
#include "dcache/text/edit.h"
#include "dcache/text/path.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostFiles = 50000;

struct Counts {
  size_t rebuilt = 0;
  size_t all = 0;
};

std::optional<Counts> count(const lint::Surroundings& around, std::string dockerfile,
                            std::string_view edited) {
  cache::BuildOptions options;
  options.dockerfile = text::join_path(around.folder, "Dockerfile");
  options.context = around.folder;
  options.names_only = true;
  const auto build =
      cache::Build::make(options, {.dockerfile = std::move(dockerfile), .context = around.files});
  if (!build) return std::nullopt;
  cache::ChangedPath changed;
  changed.given = changed.path = edited;
  const cache::WhatIf answer = cache::what_if_changed(*build, {changed});
  Counts counts;
  counts.rebuilt = answer.report.count(build->graph(), cache::Verdict::kMiss);
  for (const cache::Verdict verdict :
       {cache::Verdict::kHit, cache::Verdict::kMiss, cache::Verdict::kDepends, cache::Verdict::kUnknown})
    counts.all += answer.report.count(build->graph(), verdict);
  return counts;
}

bool is_source(std::string_view path) {
  constexpr std::string_view kEndings[] = {".go", ".js", ".ts",  ".tsx",  ".jsx", ".mjs",   ".vue",
                                           ".py", ".rb", ".php", ".java", ".kt",  ".scala", ".rs",
                                           ".cs", ".c",  ".cc",  ".cpp",  ".ex",  ".swift"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); });
}

}  // namespace

std::string Gain::words() const {
  return fmt::format("an edit of {} rebuilds {} of {} steps now, and {} of {} with this change", edited,
                     before, steps_before, after, steps_after);
}

std::optional<Gain> gain_of(lint::Subject& subject, const lint::Fix& fix, std::string_view edited) {
  const lint::Surroundings* around = subject.surroundings();
  if (around == nullptr || edited.empty() || around->files.records().size() > kMostFiles) return std::nullopt;
  const std::string text(subject.file().source());
  const auto before = count(*around, text, edited);
  const auto after = count(*around, text::apply(text, fix.edits), edited);
  if (!before || !after) return std::nullopt;
  return Gain{std::string(edited), before->rebuilt, before->all, after->rebuilt, after->all};
}

std::string edited_file(const lint::Surroundings& around, std::string_view folder,
                        std::span<const std::string_view> except) {
  std::string_view any;
  for (const context::Record& record : around.files.records()) {
    const std::string_view path = record.path;
    const bool inside = folder == "/" || text::is_within(path, folder.substr(1));
    const bool excepted = std::ranges::find(except, text::base_name(path)) != except.end();
    if (record.type != context::Type::kFile || !inside || excepted || path.starts_with('.')) continue;
    if (is_source(path)) return std::string(path);
    if (any.empty()) any = path;
  }
  return std::string(any);
}

}  // namespace dcache::rules
