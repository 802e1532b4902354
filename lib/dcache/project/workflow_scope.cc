#include "dcache/project/workflow_scope.h"

#include <utility>

#include "dcache/project/workflow_expression.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using yaml::Value;

constexpr std::string_view kWorkspace = "${{ github.workspace }}";

const Value* find_ignoring_case(const Value& map, std::string_view name) {
  for (const yaml::Member& member : map.members) {
    if (text::equals_ignoring_case(member.name, name)) return &member.value;
  }
  return nullptr;
}

// What a called workflow reads if it is given nothing for an input.
Value empty_input(const Value& declared) {
  const Value* const type = declared.find("type");
  Value value = yaml::make_text("", declared.place);
  if (type != nullptr && type->text == "boolean") value = {yaml::Kind::kBool, {}, "false", {}, {}, {}};
  if (type != nullptr && type->text == "number") value = {yaml::Kind::kInteger, {}, "0", {}, {}, {}};
  return value;
}

size_t weight_of_value(const Value& value) {
  size_t weight = value.text.size() + 16;
  for (const Value& item : value.items)
    weight += weight_of_value(item);
  for (const yaml::Member& member : value.members)
    weight += member.name.size() + weight_of_value(member.value);
  return weight;
}

void add_matrix_values(const Value& value, const std::string& name, uint32_t depth,
                       std::vector<std::pair<std::string, std::string>>& to) {
  constexpr uint32_t kDeepest = 3;
  constexpr size_t kMost = 50;
  constexpr size_t kLongest = 200;
  if (value.is_scalar() && value.text.size() < kLongest) to.emplace_back(name, yaml::printed(value));
  if (depth == kDeepest || to.size() >= kMost) return;
  for (const yaml::Member& member : value.members) {
    if (to.size() >= kMost) return;
    add_matrix_values(member.value, name.empty() ? member.name : name + "." + member.name, depth + 1, to);
  }
}

}  // namespace

void WorkflowScope::set_inputs(const Value* declared, const Value& given, bool called) {
  if (!inputs_.is_map()) inputs_ = yaml::empty_map();
  inputs_complete_ = called;
  constexpr size_t kMostInputs = 500;
  if (called) {
    inputs_.members = given.members;
    if (inputs_.members.size() > kMostInputs) inputs_.members.resize(kMostInputs);
  }
  if (declared == nullptr) return;
  for (const yaml::Member& input : declared->members) {
    if (inputs_.members.size() >= kMostInputs) break;
    if (find_ignoring_case(inputs_, input.name) != nullptr) continue;
    const Value* const standard = input.value.find("default");
    const Value* const required = input.value.find("required");
    const bool is_given = called && required != nullptr && yaml::is_true(*required);
    if (standard != nullptr && !standard->is_null()) {
      inputs_.members.push_back({input.name, input.kind, input.place, resolve(*standard)});
    } else if (called && !is_given) {
      inputs_.members.push_back({input.name, input.kind, input.place, empty_input(input.value)});
    }
  }
}

void WorkflowScope::set_matrix(Value matrix, bool complete) {
  matrix_ = std::move(matrix);
  matrix_complete_ = complete;
}

void WorkflowScope::add_environment(const Value* env) {
  if (env == nullptr) return;
  // All of them see the values outside.
  std::vector<std::pair<std::string, std::string>> added;
  for (const yaml::Member& member : env->members) {
    const Value& value = member.value;
    std::string text = value.is_text() ? resolve(value.text) : yaml::printed(value);
    if (text.size() > kLongestCiText) text = "${{ env." + member.name + " }}";
    added.emplace_back(member.name, std::move(text));
  }
  for (auto& [name, text] : added)
    environment_.insert_or_assign(name, std::move(text));
}

void WorkflowScope::set_variable(const std::string& name, const CiText& value) {
  const bool expressions = text_with_expressions(value.text).unknown.size() == value.unknown.size();
  environment_.insert_or_assign(name, expressions ? value.text : "${{ env." + name + " }}");
}

std::optional<bool> WorkflowScope::runs(const Value& job_or_step) const {
  const Value* const condition = job_or_step.find("if");
  if (condition == nullptr || !condition->is_scalar()) return true;
  const std::string written = yaml::printed(*condition);
  std::string_view text = text::trim(written);
  if (const size_t size = expression_size(text); size > 0) {
    // Text around an expression makes it true.
    if (size < text.size()) return true;
    text = text.substr(3, size - 5);
  }
  // Defaults of inputs that a person may type, and the environment, may have other values.
  const auto value = evaluate_expression(text, [this](const std::vector<std::string>& parts) {
    const std::string context = text::to_lower(parts[0]);
    const bool sure = context == "matrix" || (context == "inputs" && inputs_complete_);
    return sure ? look_up(parts) : std::nullopt;
  });
  return truth_of_expression(value);
}

std::string WorkflowScope::resolve(std::string_view text) const {
  if (text.find("${{") == std::string_view::npos) return std::string(text);
  return resolve_expressions(text, [this](const std::vector<std::string>& parts) { return look_up(parts); });
}

Value WorkflowScope::resolve(const Value& value) const {
  return resolve_values(value, [this](const std::vector<std::string>& parts) { return look_up(parts); });
}

size_t WorkflowScope::size() const {
  constexpr size_t kCostOfVariable = 100;
  size_t size = 0;
  for (const auto& [name, value] : environment_)
    size += name.size() + value.size() + kCostOfVariable;
  return size;
}

std::optional<CiText> WorkflowScope::variable(std::string_view name) const {
  if (name == "GITHUB_ACTION_PATH" && !action_.empty())
    return text_with_expressions(std::string(kWorkspace) + "/" + action_);
  if (const auto found = environment_.find(name); found != environment_.end())
    return text_with_expressions(found->second);
  const auto outside = options_->environment.find(name);
  if (outside == options_->environment.end() || !name.starts_with("GITHUB_")) return std::nullopt;
  return CiText{outside->second};
}

std::vector<std::pair<std::string, std::string>> WorkflowScope::matrix_values() const {
  std::vector<std::pair<std::string, std::string>> values;
  add_matrix_values(matrix_, "", 0, values);
  return values;
}

std::optional<Value> WorkflowScope::look_up(const std::vector<std::string>& parts) const {
  constexpr size_t kMostLookedUp = 32U << 20U;
  if (*looked_up_ > kMostLookedUp) return std::nullopt;
  auto value = find(parts);
  if (value) *looked_up_ += weight_of_value(*value);
  return value;
}

std::optional<Value> WorkflowScope::find(const std::vector<std::string>& parts) const {
  const std::string context = text::to_lower(parts[0]);
  if (context == "github") return find_github(parts);
  if (parts.size() < 2) return std::nullopt;
  if (context == "matrix" || context == "inputs") {
    const bool matrix = context == "matrix";
    const Value& values = matrix ? matrix_ : inputs_;
    const Value* const value = find_ignoring_case(values, parts[1]);
    if (value != nullptr) {
      // A part of what is not known is not known.
      const bool partial = parts.size() > 2 && value->text.find("${{") != std::string::npos;
      return partial ? std::nullopt : std::optional(part_of(*value, parts, 2));
    }
    if (matrix ? matrix_complete_ : inputs_complete_) return Value();
    return std::nullopt;
  }
  if (context == "env") {
    const auto found = environment_.find(parts[1]);
    if (found != environment_.end()) return yaml::make_text(found->second, {});
  }
  return std::nullopt;
}

std::optional<Value> WorkflowScope::find_github(const std::vector<std::string>& parts) const {
  if (parts.size() < 2) return std::nullopt;
  const std::string name = text::to_lower(parts[1]);
  if (name == "action_path" && !action_.empty())
    return yaml::make_text(std::string(kWorkspace) + "/" + action_, {});
  if (name == "server_url") return yaml::make_text("https://github.com", {});
  if (name == "event" && parts.size() == 4 && text::equals_ignoring_case(parts[2], "inputs")) {
    const Value* const value = find_ignoring_case(inputs_, parts[3]);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  const bool owner = name == "repository_owner";
  if (name != "repository" && !owner) return std::nullopt;
  const auto repository = options_->environment.find("GITHUB_REPOSITORY");
  if (repository == options_->environment.end()) return std::nullopt;
  return yaml::make_text(
      owner ? repository->second.substr(0, repository->second.find('/')) : repository->second, {});
}

}  // namespace dcache::project
