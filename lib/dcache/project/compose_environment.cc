#include "dcache/project/compose_environment.h"

#include <utility>

#include "dcache/project/compose_forms.h"
#include "dcache/text/path.h"

namespace dcache::project {

using yaml::Value;

ComposeEnvironment::ComposeEnvironment(const Value& service, const std::string& folder, ComposeModel& model,
                                       const ReadOptions& options)
    : model_(model) {
  for (ComposePair& variable : compose_pairs(service.find("environment"))) {
    if (!variable.value) {
      const auto outer = model.variables.find(variable.name);
      if (outer != model.variables.end()) variable.value = outer->second;
    }
    if (variable.value) own_[variable.name] = *std::move(variable.value);
  }
  const Value* const files = service.find("env_file");
  if (files == nullptr) return;
  Variables read;
  if (files->is_text()) read_file(*files, folder, options, read);
  for (const Value& file : files->items)
    read_file(file, folder, options, read);
  own_.merge(read);
}

std::optional<std::string> ComposeEnvironment::find(const std::string& name) const {
  if (const auto own = own_.find(name); own != own_.end()) return own->second;
  const auto outer = model_.variables.find(name);
  return outer == model_.variables.end() ? std::nullopt : std::optional(outer->second);
}

void ComposeEnvironment::read_file(const Value& file, const std::string& folder, const ReadOptions& options,
                                   Variables& read) {
  const Value* const path = file.is_map() ? file.find("path") : &file;
  if (path == nullptr || !path->is_text()) return;
  const std::string from = text::is_absolute(path->text) ? path->text : text::join_path(folder, path->text);
  const auto text = options.files->read(from);
  if (!text || text->size() > options.largest_file) {
    const Value* const required = file.find("required");
    if (required == nullptr || yaml::is_true(*required)) missing_.push_back(path->text);
    return;
  }
  const Value* const format = file.find("format");
  if (format != nullptr && format->text == "raw") {
    read_raw_env(*text, read);
    return;
  }
  // The project's variables win over those of the service.
  const Lookup outer = [this](std::string_view name) -> std::optional<std::string> {
    if (const auto known = model_.variables.find(name); known != model_.variables.end()) return known->second;
    const auto own = own_.find(name);
    return own == own_.end() ? std::nullopt : std::optional(own->second);
  };
  read_dotenv(*text, from, outer, read, model_.failures);
}

}  // namespace dcache::project
