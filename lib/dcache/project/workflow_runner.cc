#include "dcache/project/workflow_runner.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "dcache/project/action_inputs.h"
#include "dcache/project/ci_files.h"
#include "dcache/project/ci_text.h"
#include "dcache/project/workflow_expression.h"
#include "dcache/project/workflow_matrix.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::project {

namespace {

// Null for none.
const yaml::Value* matrix_of(const yaml::Value& job) {
  const yaml::Value* const strategy = job.find("strategy");
  const yaml::Value* const matrix = strategy == nullptr ? nullptr : strategy->find("matrix");
  return matrix == nullptr || matrix->is_null() ? nullptr : matrix;
}

}  // namespace

std::vector<std::string> values_in_jobs(const std::string& text, const yaml::Value& job) {
  if (text.find("matrix") == std::string::npos) return {text};
  const yaml::Value* const matrix = matrix_of(job);
  if (matrix == nullptr) return {};
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

std::optional<size_t> variants_in_jobs(const std::string& text, const yaml::Value& job) {
  const yaml::Value* const matrix = matrix_of(job);
  if (matrix == nullptr) return std::nullopt;
  const MatrixJobs jobs = expand_workflow_matrix(*matrix);
  if (!jobs.complete || jobs.too_many) return std::nullopt;
  const std::vector<std::string> texts = values_in_jobs(text, job);
  return std::set<std::string>(texts.begin(), texts.end()).size();
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

namespace {

// Whether an expression is the same in all runs of a branch.
bool is_constant(std::string_view expression) {
  constexpr std::array<std::string_view, 6> kConstant = {"runner.os",  "runner.arch",     "github.job",
                                                         "github.ref", "github.workflow", "matrix."};
  return std::ranges::any_of(kConstant,
                             [&](std::string_view start) { return expression.starts_with(start); });
}

// What later jobs find, by the inputs of actions/cache.
KeptFolder::Content content_by_keys(const yaml::Value& with) {
  const std::string key = text_of(with, "key");
  if (!text_of(with, "restore-keys").empty()) return KeptFolder::Content::kLast;
  if (is_new_each_run(key)) return KeptFolder::Content::kNothing;
  const CiText known = text_with_expressions(key);
  const auto is_same = [](const std::string& part) {
    std::string_view inside = part;
    if (inside.starts_with("${{")) inside.remove_prefix(3);
    return is_constant(text::trim_left(inside));
  };
  const bool is_first = !key.empty() && std::ranges::all_of(known.unknown, is_same);
  return is_first ? KeptFolder::Content::kFirst : KeptFolder::Content::kLast;
}

}  // namespace

std::vector<KeptFolder> folders_kept_after(const yaml::Value& job) {
  std::vector<KeptFolder> folders;
  const yaml::Value* const steps = job.find("steps");
  if (steps == nullptr) return folders;
  for (const yaml::Value& step : steps->items) {
    const yaml::Value* const with = step.find("with");
    const std::string action = text_of(step, "uses");
    if (with == nullptr || action.find("cache") == std::string::npos) continue;
    const bool has_keys = action.starts_with("actions/cache@");
    for (std::string& path : list_of_input(text_of(*with, "path"), false))
      folders.push_back({std::move(path), has_keys ? text_of(*with, "key") : "",
                         has_keys ? content_by_keys(*with) : KeptFolder::Content::kLast});
  }
  return folders;
}

const KeptFolder* find_kept(const std::vector<KeptFolder>& kept, std::string_view folder) {
  const KeptFolder* best = nullptr;
  for (const KeptFolder& one : kept) {
    const bool is_it =
        one.path.find('$') != std::string::npos || text::is_within(folder, text::clean_path(one.path));
    if (is_it && (best == nullptr || one.content < best->content)) best = &one;
  }
  return best;
}

}  // namespace dcache::project
