#include "dcache/project/workflow_runner.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "dcache/project/action_inputs.h"
#include "dcache/project/ci_files.h"
#include "dcache/project/workflow_expression.h"
#include "dcache/project/workflow_matrix.h"
#include "dcache/text/path.h"

namespace dcache::project {

std::vector<std::string> values_in_jobs(const std::string& text, const yaml::Value& job) {
  if (text.find("matrix") == std::string::npos) return {text};
  const yaml::Value* const strategy = job.find("strategy");
  const yaml::Value* const matrix = strategy == nullptr ? nullptr : strategy->find("matrix");
  if (matrix == nullptr || matrix->is_null()) return {};
  std::vector<std::string> all;
  for (const yaml::Value& values : expand_workflow_matrix(*matrix).values) {
    all.push_back(
        resolve_expressions(text, [&](const std::vector<std::string>& parts) -> std::optional<yaml::Value> {
          if (parts.front() != "matrix") return std::nullopt;
          return part_of(values, parts, 1);
        }));
  }
  return all;
}

bool is_on_hosted_runner(const yaml::Value& job) {
  const yaml::Value* runner = job.find("runs-on");
  if (runner != nullptr && runner->is_list() && runner->items.size() == 1) runner = &runner->items.front();
  if (runner == nullptr || !runner->is_scalar()) return false;
  const std::vector<std::string> names = values_in_jobs(runner->text, job);
  return !names.empty() && std::ranges::all_of(names, [](const std::string& name) {
    return name.starts_with("ubuntu-") || name.starts_with("windows-") || name.starts_with("macos-");
  });
}

std::vector<std::string> folders_kept_after(const yaml::Value& job) {
  std::vector<std::string> folders;
  const yaml::Value* const steps = job.find("steps");
  if (steps == nullptr) return folders;
  for (const yaml::Value& step : steps->items) {
    const yaml::Value* const with = step.find("with");
    if (with == nullptr || text_of(step, "uses").find("cache") == std::string::npos) continue;
    std::ranges::move(list_of_input(text_of(*with, "path"), false), std::back_inserter(folders));
  }
  return folders;
}

bool is_kept(const std::vector<std::string>& kept, std::string_view folder) {
  return std::ranges::any_of(kept, [&](const std::string& one) {
    return one.find('$') != std::string::npos || text::is_within(folder, text::clean_path(one));
  });
}

}  // namespace dcache::project
