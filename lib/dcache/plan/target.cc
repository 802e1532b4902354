#include "dcache/plan/target.h"

#include "dcache/text/unicode.h"

namespace dcache::plan {

const Stage* find_target(const Graph& graph, std::string_view name) {
  const bool takes_numbers = graph.builder == Builder::kBuildah;
  if (!takes_numbers && !graph.stage_names.contains(text::to_lower(name))) return nullptr;
  return graph.find_stage(name);
}

}  // namespace dcache::plan
