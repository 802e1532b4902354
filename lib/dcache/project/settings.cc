#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "dcache/plan/builder.h"
#include "dcache/project/readers.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/toml.h"

namespace dcache::project {
namespace {

constexpr std::array<std::string_view, 8> kKeys = {"name", "dockerfile", "context",   "target",
                                                   "args", "contexts",   "platforms", "builder"};

class SettingsReader {
 public:
  explicit SettingsReader(const std::string& path) : path_(path) {}

  Definitions read(const std::string& text) {
    try {
      const toml::table file = text::parse_toml(text, path_);
      const toml::node* images = file.get("images");
      if (images == nullptr) return std::move(result_);
      const toml::array* list = images->as_array();
      if (list == nullptr) {
        fail(*images, "'images' is not a list of tables", "start each image with [[images]]");
        return std::move(result_);
      }
      for (const toml::node& node : *list)
        read_image(node);
    } catch (const toml::parse_error& error) {
      result_.failures.push_back({path_, error.source().begin.line, error.source().begin.column,
                                  std::string(error.description()), "correct the TOML"});
    }
    return std::move(result_);
  }

 private:
  void read_image(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return fail(node, "an image is not a table", "start each image with [[images]]");
    Target target;
    target.folder = text::parent_path(path_);
    target.defined = {{DefinitionKind::kSettings, path_, node.source().begin.line}};
    const size_t failures = result_.failures.size();
    for (const auto& [key, value] : *table)
      read_key(key, value, target);
    if (target.name.empty()) {
      fail(node, "the image has no name", "add name = \"…\"");
    } else if (!names_.insert(target.name).second) {
      fail(node, fmt::format("another image is called '{}'", target.name), "rename it");
    }
    if (result_.failures.size() == failures) result_.targets.push_back(std::move(target));
  }

  void read_key(const toml::key& given, const toml::node& value, Target& target) {
    const std::string_view key = given.str();
    if (key == "name") {
      read_text(key, value, target.name);
    } else if (key == "dockerfile") {
      read_text(key, value, target.dockerfile);
    } else if (key == "context") {
      read_text(key, value, target.context);
    } else if (key == "target") {
      read_text(key, value, target.target);
    } else if (key == "args") {
      read_pairs(key, value, target.args);
    } else if (key == "contexts") {
      read_pairs(key, value, target.contexts);
    } else if (key == "platforms") {
      read_list(key, value, target.platforms);
    } else if (key == "builder") {
      read_builder(value, target);
    } else {
      fail(given, fmt::format("unknown key '{}' of an image", key),
           text::did_you_mean(key, kKeys, fmt::format("the keys are {}", fmt::join(kKeys, ", "))));
    }
  }

  void read_builder(const toml::node& value, Target& target) {
    const auto name = value.value<std::string>();
    target.builder = name ? plan::builder_of(*name) : std::nullopt;
    target.builder_is_set = target.builder.has_value();
    if (!target.builder)
      fail(value, name ? fmt::format("there is no builder '{}'", *name) : "'builder' is not a string",
           fmt::format("write one of {}", fmt::join(plan::builder_names(), ", ")));
  }

  void read_text(std::string_view key, const toml::node& value, std::string& text) {
    const auto given = value.value<std::string>();
    if (!value.is_string())
      return fail(value, fmt::format("'{}' is not a string", key), "put it in double quotes");
    text = *given;
  }

  void read_pairs(std::string_view key, const toml::node& value, Target::Pairs& pairs) {
    const toml::table* table = value.as_table();
    if (table == nullptr)
      return fail(value, fmt::format("'{}' is not a table", key),
                  fmt::format("write {} = {{ NAME = \"VALUE\" }}", key));
    for (const auto& [name, text] : *table)
      read_text(name.str(), text, pairs[std::string(name.str())]);
  }

  void read_list(std::string_view key, const toml::node& value, std::vector<std::string>& list) {
    const toml::array* array = value.as_array();
    if (array == nullptr)
      return fail(value, fmt::format("'{}' is not a list", key), fmt::format("write {} = [\"…\"]", key));
    for (const toml::node& text : *array)
      read_text(key, text, list.emplace_back());
  }

  // At a key or a value.
  void fail(const auto& place, std::string message, std::string remedy) {
    const toml::source_position& at = place.source().begin;
    result_.failures.push_back({path_, at.line, at.column, std::move(message), std::move(remedy)});
  }

  const std::string& path_;
  std::set<std::string, std::less<>> names_;
  Definitions result_;
};

}  // namespace

Definitions read_settings(const std::string& path, const ReadOptions& options) {
  const auto text = options.files->read(path);
  if (text) return SettingsReader(path).read(*text);
  Definitions failed;
  failed.failures.push_back({path, 0, 0, text.error(), {}});
  return failed;
}

}  // namespace dcache::project
