#include "dcache/cache/planned_file.h"

#include <utility>

#include "dcache/dockerfile/parser.h"

namespace dcache::cache {

PlannedFile plan_file(const std::string& path, std::string text, const plan::Options& options) {
  PlannedFile planned;
  planned.file = std::make_unique<dockerfile::File>(dockerfile::parse(std::move(text)));
  const text::LineIndex& lines = planned.file->lines();
  const auto add = [&](const auto& error) {
    const text::Position at = error.line == 0 ? text::Position{0, 0} : lines.position_of(error.span.begin);
    planned.failures.push_back({path, at.line, at.column, error.message, error.remedy});
  };
  for (const dockerfile::Error& error : planned.file->errors())
    add(error);
  planned.graph = std::make_unique<plan::Graph>(plan::build_graph(*planned.file, options));
  if (!planned.failures.empty()) return planned;
  for (const plan::Error& error : planned.graph->errors) {
    if (planned.graph->is_reached(error)) add(error);
  }
  return planned;
}

}  // namespace dcache::cache
