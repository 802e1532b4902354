#include "rules/variables.h"

#include <algorithm>

#include "rules/secrets.h"

namespace dcache::rules {

const plan::Stage* planned_stage(lint::Dockerfile& dockerfile, const WrittenStage& stage) {
  const std::vector<plan::Stage>& stages = dockerfile.graph().stages;
  const auto found = std::ranges::find(stages, stage.from, &plan::Stage::from);
  return stage.from == nullptr || found == stages.end() ? nullptr : &*found;
}

std::set<std::string_view> names_set_in(lint::Dockerfile& dockerfile) {
  std::set<std::string_view> names;
  for (const dockerfile::Instruction& instruction : dockerfile.file().instructions()) {
    for (const NamedVariable& variable : variables_set_by(instruction, dockerfile.graph()))
      names.insert(variable.name);
  }
  return names;
}

std::string with_known_values(std::string_view text, const plan::Environment* environment, char escape) {
  const auto value_of = [&](std::string_view name) -> std::optional<std::string_view> {
    const plan::Variable* variable = environment == nullptr ? nullptr : environment->find(name);
    if (variable == nullptr || variable->value.empty()) return std::nullopt;
    return variable->value;
  };
  dockerfile::ExpandOptions options;
  options.escape = escape;
  options.keep_unset = true;
  return dockerfile::expand(text, value_of, options).value_or(std::string(text));
}

std::string_view leading_variable(std::string_view text) {
  if (text.starts_with('"')) text.remove_prefix(1);
  if (!text.starts_with('$')) return {};
  text.remove_prefix(text.starts_with("${") ? 2 : 1);
  const auto ends = [](char c) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return !letter;
  };
  return text.substr(0, static_cast<size_t>(std::ranges::find_if(text, ends) - text.begin()));
}

size_t times_named(std::string_view text, std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  size_t count = 0;
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    const bool whole = (at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]));
    count += whole ? 1 : 0;
  }
  return count;
}

}  // namespace dcache::rules
