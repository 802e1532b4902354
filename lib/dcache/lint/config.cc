#include "dcache/lint/config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/boundary.h"
#include "dcache/lint/config_reading.h"
#include "dcache/lint/hadolint_config.h"
#include "dcache/lint/overrides.h"
#include "dcache/lint/rule_prefix.h"
#include "dcache/lint/shellcheck.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/system_path.h"
#include "dcache/text/toml.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::lint {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"style", "info", "warning", "error"};
constexpr std::array<std::string_view, 3> kOverrideKeys = {"paths", "ignore", "levels"};
constexpr std::array<std::string_view, 17> kConfigKeys = {"images",
                                                          "report-unused-suppressions",
                                                          "overrides",
                                                          "package-managers",
                                                          "profile",
                                                          "select",
                                                          "extend-select",
                                                          "exclude",
                                                          "ignore",
                                                          "fail-on",
                                                          "minimum-engine",
                                                          "builder",
                                                          "shellcheck",
                                                          "levels",
                                                          "trusted-registries",
                                                          "label-schema",
                                                          "strict-labels"};
constexpr std::array<std::string_view, 8> kManagerKeys = {"name",      "programs", "commands",  "caches",
                                                          "cache-env", "sharing",  "manifests", "opt-out"};
constexpr std::array<std::string_view, 3> kSharings = {"shared", "private", "locked"};
constexpr std::array<std::string_view, 8> kLabelTypes = {"text", "rawtext", "url",    "rfc3339",
                                                         "spdx", "hash",    "semver", "email"};
constexpr std::string_view kFileName = project::kSettingsName;
constexpr std::array<std::string_view, 2> kHadolintNames = {".hadolint.yaml", ".hadolint.yml"};

FilePosition position_of_toml(const toml::node& node) {
  return {node.source().begin.line, node.source().begin.column};
}

[[noreturn]] void stop_at(const toml::node& node, std::string message, std::string remedy) {
  lint::stop(position_of_toml(node), std::move(message), std::move(remedy));
}

std::string text_of(const toml::node& node, std::string_view key) {
  const auto text = node.value<std::string>();
  if (!text || !node.is_string())
    stop_at(node, fmt::format("'{}' is not a string", key), "put it in double quotes");
  return *text;
}

bool flag_of(const toml::node& node, std::string_view key) {
  const auto flag = node.value<bool>();
  if (!flag || !node.is_boolean())
    stop_at(node, fmt::format("'{}' is neither true nor false", key), "write true or false");
  return *flag;
}

plan::Builder known_builder(const toml::node& node) {
  const std::string name = text_of(node, "builder");
  const auto builder = plan::builder_of(name);
  if (!builder)
    stop_at(node, fmt::format("unknown builder '{}'", name), did_you_mean(name, plan::builder_names()));
  return *builder;
}

class ConfigReader {
 public:
  ConfigReader(const std::vector<std::string_view>& known_rules, std::vector<ConfigError>& notes)
      : known_rules_(known_rules), notes_(notes) {}

  Config read(const toml::table& table) {
    for (const auto& [key, node] : table)
      read_key(key.str(), node);
    return std::move(config_);
  }

 private:
  void read_key(std::string_view key, const toml::node& node) {
    if (key == "profile") {
      const std::string name = text_of(node, key);
      const auto profile = profile_of(name);
      if (!profile)
        stop_at(node, fmt::format("unknown profile '{}'", name), did_you_mean(name, kProfileNames));
      config_.profile = *profile;
    } else if (key == "select") {
      config_.select = rules_of(node, key);
    } else if (key == "extend-select") {
      config_.extend_select = rules_of(node, key);
    } else if (key == "exclude") {
      config_.exclude = texts_of(node, key);
    } else if (key == "ignore") {
      config_.ignore = ignored_rules_of(node, key);
    } else if (key == "fail-on") {
      const std::string name = text_of(node, key);
      config_.fail_on =
          name == "none" ? std::nullopt : std::optional(known_level(name, position_of_toml(node)));
    } else if (key == "minimum-engine") {
      config_.minimum_engine = text_of(node, key);
      if (!config_.minimum_engine.empty() && !is_engine_version(config_.minimum_engine))
        stop_at(node, fmt::format("'{}' is not a version of Docker", config_.minimum_engine),
                "write MAJOR.MINOR, such as 23.0");
    } else if (key == "builder") {
      config_.builder = known_builder(node);
    } else if (key == "levels") {
      read_levels(node, config_.levels);
    } else if (key == "overrides") {
      for (const toml::table* table : tables_of(node, key, "paths"))
        config_.overrides.push_back(read_override(*table));
    } else if (key == "package-managers") {
      for (const toml::table* table : tables_of(node, key, "name"))
        config_.package_managers.push_back(read_package_manager(*table));
    } else if (key == "trusted-registries") {
      config_.trusted_registries = texts_of(node, key);
    } else if (key == "label-schema") {
      read_label_schema(node);
    } else if (key == "strict-labels") {
      config_.strict_labels = flag_of(node, key);
    } else if (key == "shellcheck") {
      config_.shellcheck = flag_of(node, key);
    } else if (key == "images") {
      return;  // the builds of the repository: project/settings.cc reads them
    } else if (key == "report-unused-suppressions") {
      config_.report_unused = flag_of(node, key);
    } else {
      const bool is_per_file = key.ends_with("per-file-ignores");
      stop_at(node, fmt::format("unknown key '{}'", key),
              is_per_file ? "write [[overrides]] with 'paths' and 'ignore'" : did_you_mean(key, kConfigKeys));
    }
  }

  void read_levels(const toml::node& node, std::map<std::string, Level, std::less<>>& levels) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      stop_at(node, "'levels' is not a table", "write [levels] and below it CODE = \"level\"");
    for (const auto& [code, value] : *table) {
      if (is_noted(code.str(), value)) continue;
      if (!is_known_prefix(code.str(), known_rules_))
        check_rule(code.str(), known_rules_, position_of_toml(value));
      levels[std::string(code.str())] = known_level(text_of(value, code.str()), position_of_toml(value));
    }
  }

  // Of [[key]]; `first` is what such a table starts with.
  static std::vector<const toml::table*> tables_of(const toml::node& node, std::string_view key,
                                                   std::string_view first) {
    const toml::array* array = node.as_array();
    if (array == nullptr || !array->is_homogeneous<toml::table>())
      stop_at(node, fmt::format("'{}' is not a list of tables", key),
              fmt::format("write [[{}]] and below it {} = …", key, first));
    std::vector<const toml::table*> tables;
    for (const toml::node& entry : *array)
      tables.push_back(entry.as_table());
    return tables;
  }

  OwnPackageManager read_package_manager(const toml::table& table) {
    OwnPackageManager manager;
    for (const auto& [key, node] : table) {
      if (key.str() == "name") {
        manager.name = text_of(node, key.str());
      } else if (key.str() == "programs") {
        manager.programs = texts_of(node, key.str());
      } else if (key.str() == "commands") {
        manager.commands = texts_of(node, key.str());
      } else if (key.str() == "caches") {
        manager.caches = texts_of(node, key.str());
      } else if (key.str() == "cache-env") {
        manager.cache_env = texts_of(node, key.str());
      } else if (key.str() == "sharing") {
        manager.sharing = text_of(node, key.str());
        if (std::ranges::find(kSharings, manager.sharing) == kSharings.end())
          stop_at(node, fmt::format("unknown sharing '{}'", manager.sharing),
                  did_you_mean(manager.sharing, kSharings));
      } else if (key.str() == "manifests") {
        manager.manifests = texts_of(node, key.str());
      } else if (key.str() == "opt-out") {
        manager.opt_out = texts_of(node, key.str());
      } else {
        stop_at(node, fmt::format("unknown key '{}' of a package manager", key.str()),
                did_you_mean(key.str(), kManagerKeys));
      }
    }
    const auto is_good = [](const std::string& path) {
      return path.starts_with('/') || path.starts_with("~/");
    };
    if (manager.name.empty()) stop_at(table, "the package manager has no name", "write name = \"bazel\"");
    if (manager.programs.empty() || std::ranges::any_of(manager.programs, &std::string::empty))
      stop_at(table, "the package manager has no program", "write programs = [\"bazel\"]");
    if (manager.caches.empty() || !std::ranges::all_of(manager.caches, is_good))
      stop_at(table, "the package manager has no cache, or its path is not absolute",
              "write caches = [\"~/.cache/bazel\"]");
    return manager;
  }

  Override read_override(const toml::table& table) {
    Override one;
    for (const auto& [key, node] : table) {
      if (key.str() == "paths") {
        one.paths = texts_of(node, key.str());
      } else if (key.str() == "ignore") {
        one.ignore = ignored_rules_of(node, key.str());
      } else if (key.str() == "levels") {
        read_levels(node, one.levels);
      } else {
        stop_at(node, fmt::format("unknown key '{}' of an override", key.str()),
                did_you_mean(key.str(), kOverrideKeys));
      }
    }
    if (one.paths.empty())
      stop_at(table, "the override names no files", "write paths = [\"services/legacy\"]");
    return one;
  }

  void read_label_schema(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      stop_at(node, "'label-schema' is not a table", "write [label-schema] and below it LABEL = \"TYPE\"");
    for (const auto& [label, value] : *table) {
      check_label(label.str(), position_of_toml(value));
      config_.label_schema[std::string(label.str())] =
          known_label_type(text_of(value, label.str()), position_of_toml(value));
    }
  }

  static std::vector<std::string> texts_of(const toml::node& node, std::string_view key) {
    const toml::array* array = node.as_array();
    if (array == nullptr) stop_at(node, fmt::format("'{}' is not a list", key), "write [\"…\", …]");
    std::vector<std::string> texts;
    for (const toml::node& entry : *array)
      texts.push_back(text_of(entry, key));
    return texts;
  }

  std::vector<std::string> rules_of(const toml::node& node, std::string_view key) {
    std::vector<std::string> rules = texts_of(node, key);
    check_rules(rules, node);
    return rules;
  }

  void check_rules(const std::vector<std::string>& rules, const toml::node& node) const {
    for (const std::string& rule : rules) {
      if (!is_known_prefix(rule, known_rules_)) check_rule(rule, known_rules_, position_of_toml(node));
    }
  }

  // A rule of hadolint's that is not here has no effect, and is not an error.
  bool is_noted(std::string_view rule, const toml::node& node) {
    if (!is_foreign_code(rule, known_rules_)) return false;
    const FilePosition at = position_of_toml(node);
    notes_.push_back({words_of_foreign(rule), {}, at.line, at.column});
    return true;
  }

  std::vector<std::string> ignored_rules_of(const toml::node& node, std::string_view key) {
    std::vector<std::string> rules = texts_of(node, key);
    std::erase_if(rules, [&](const std::string& rule) { return is_noted(rule, node); });
    check_rules(rules, node);
    return rules;
  }

  const std::vector<std::string_view>& known_rules_;
  std::vector<ConfigError>& notes_;
  Config config_;
};

// The nearest file of one of the names in the folder or above it; empty for none.
std::string find_upward(const std::string& folder, std::span<const std::string_view> names,
                        const context::FileSystem& files) {
  std::filesystem::path at = text::system_path(context::absolute_path(folder.empty() ? "." : folder));
  while (!at.empty()) {
    for (const std::string_view name : names) {
      std::string candidate = text::portable_path((at / name).lexically_normal().string());
      if (files.exists(candidate)) return candidate;
    }
    if (at == at.parent_path()) break;
    at = at.parent_path();
  }
  return {};
}

}  // namespace

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  return text::did_you_mean(word, candidates, fmt::format("known are {}", fmt::join(candidates, ", ")));
}

void stop(FilePosition at, std::string message, std::string remedy) {
  throw Stop{{std::move(message), std::move(remedy), at.line, at.column}};
}

Level known_level(std::string_view name, FilePosition at) {
  const auto level = level_of(name);
  if (!level) stop(at, fmt::format("unknown level '{}'", name), did_you_mean(name, kLevels));
  return *level;
}

LabelType known_label_type(std::string_view name, FilePosition at) {
  const auto type = label_type_of(name);
  if (!type) stop(at, fmt::format("unknown label type '{}'", name), did_you_mean(name, kLabelTypes));
  return *type;
}

void check_label(std::string_view label, FilePosition at) {
  constexpr unsigned char kLastControl = 0x1f, kDelete = 0x7f;
  const auto is_control = [](unsigned char c) { return c <= kLastControl || c == kDelete; };
  if (std::ranges::any_of(label, is_control))
    stop(at, "the name of a label contains a control character", "write the name as LABEL has it");
}

void check_rule(std::string_view rule, const std::vector<std::string_view>& known, FilePosition at) {
  // ShellCheck's codes are many, and its own business.
  const bool found = std::ranges::any_of(
      known, [&](std::string_view name) { return text::equals_ignoring_case(name, rule); });
  if (!is_shellcheck_code(rule) && !found)
    stop(at, fmt::format("unknown rule '{}'", rule),
         text::equals_ignoring_case(rule, "ALL")
             ? "the profile 'all' has all rules"
             : text::did_you_mean(rule, known, "dcache rules lists all rules"));
}

std::string_view name_of(Level level) {
  return kLevels[static_cast<size_t>(level)];
}

std::optional<Level> level_of(std::string_view name) {
  const auto found = std::find(kLevels.begin(), kLevels.end(), name);
  if (found == kLevels.end()) return std::nullopt;
  return static_cast<Level>(found - kLevels.begin());
}

std::optional<Profile> profile_of(std::string_view name) {
  const auto found = std::find(kProfileNames.begin(), kProfileNames.end(), name);
  if (found == kProfileNames.end()) return std::nullopt;
  return static_cast<Profile>(found - kProfileNames.begin());
}

std::optional<LabelType> label_type_of(std::string_view name) {
  const auto found = std::find(kLabelTypes.begin(), kLabelTypes.end(), name);
  if (found == kLabelTypes.end()) return std::nullopt;
  return static_cast<LabelType>(found - kLabelTypes.begin());
}

tl::expected<Config, ConfigError> read_config(const std::string& text,
                                              const std::vector<std::string_view>& known_rules) {
  std::vector<ConfigError> notes;
  return read_config(text, known_rules, notes);
}

tl::expected<std::optional<plan::Builder>, ConfigError> read_builder(const std::string& text) {
  try {
    const toml::table file = text::parse_toml(text);
    const toml::node* const builder = file.get("builder");
    if (builder == nullptr) return std::nullopt;
    return known_builder(*builder);
  } catch (const toml::parse_error&) {
    return std::nullopt;
  } catch (const Stop& stopped) {
    return tl::unexpected(stopped.error);
  }
}

tl::expected<Config, ConfigError> read_config(const std::string& text,
                                              const std::vector<std::string_view>& known_rules,
                                              std::vector<ConfigError>& notes) {
  try {
    return ConfigReader(known_rules, notes).read(text::parse_toml(text));
  } catch (const toml::parse_error& error) {  // the library reports by exception
    return tl::unexpected(ConfigError{std::string(error.description()), "see https://toml.io for the format",
                                      error.source().begin.line, error.source().begin.column});
  } catch (const Stop& stopped) {
    return tl::unexpected(stopped.error);
  }
}

std::string find_config(const std::string& folder, const context::FileSystem& files) {
  const std::string own = find_upward(folder, {&kFileName, 1}, files);
  return own.empty() ? find_upward(folder, kHadolintNames, files) : own;
}

namespace {

void apply_override(const Override& one, Config& config) {
  config.ignore.insert(config.ignore.end(), one.ignore.begin(), one.ignore.end());
  for (const auto& [rule, level] : one.levels)
    config.levels[rule] = level;
}

}  // namespace

tl::expected<FileSettings, ConfigError> FileSettings::compile(Config config) {
  const auto compiled = [](const std::vector<std::string>& patterns,
                           std::string_view of) -> tl::expected<ignore::Matcher, ConfigError> {
    auto matcher = ignore::Matcher::compile(patterns);
    if (matcher) return *std::move(matcher);
    return tl::unexpected(ConfigError{fmt::format("{} is malformed: {}", of, matcher.error().message),
                                      "patterns are those of .dockerignore", 0, 0});
  };
  FileSettings settings;
  for (const Override& one : config.overrides) {
    auto matcher = compiled(one.paths, "the pattern of an override");
    if (!matcher) return tl::unexpected(matcher.error());
    settings.matchers_.push_back(*std::move(matcher));
  }
  if (!config.exclude.empty()) {
    auto matcher = compiled(config.exclude, "a pattern of 'exclude'");
    if (!matcher) return tl::unexpected(matcher.error());
    settings.excluded_ = *std::move(matcher);
  }
  settings.overrides_ = std::exchange(config.overrides, {});
  config.exclude.clear();
  settings.general_ = std::move(config);
  return settings;
}

Config FileSettings::of(std::string_view path) const {
  Config config = general_;
  for (size_t i = 0; i < overrides_.size(); ++i) {
    if (!matchers_[i].decide(path).ignored) continue;
    apply_override(overrides_[i], config);
  }
  return config;
}

std::vector<ConfigLayer> FileSettings::layers_of(std::string_view path) const {
  std::vector<ConfigLayer> layers;
  Config config = general_;
  for (size_t i = 0; i < overrides_.size(); ++i) {
    if (!matchers_[i].decide(path).ignored) continue;
    apply_override(overrides_[i], config);
    layers.push_back({fmt::format("[[overrides]] number {} of the file", i + 1), config});
  }
  return layers;
}

bool FileSettings::excludes(std::string_view path) const {
  return excluded_ && excluded_->decide(path).ignored;
}

namespace {

toml::table table_of(const Config& config) {
  toml::table table;
  const auto list = [](const std::vector<std::string>& texts) {
    toml::array array;
    for (const std::string& text : texts)
      array.push_back(text);
    return array;
  };
  const auto levels = [](const std::map<std::string, Level, std::less<>>& map) {
    toml::table rows;
    for (const auto& [rule, level] : map)
      rows.insert(rule, name_of(level));
    return rows;
  };
  table.insert("profile", kProfileNames[static_cast<size_t>(config.profile)]);
  table.insert("select", list(config.select));
  table.insert("extend-select", list(config.extend_select));
  table.insert("ignore", list(config.ignore));
  table.insert("exclude", list(config.exclude));
  table.insert("fail-on", config.fail_on ? name_of(*config.fail_on) : "none");
  table.insert("minimum-engine", config.minimum_engine);
  if (config.builder) table.insert("builder", plan::name_of(*config.builder));
  table.insert("trusted-registries", list(config.trusted_registries));
  table.insert("strict-labels", config.strict_labels);
  table.insert("shellcheck", config.shellcheck);
  table.insert("report-unused-suppressions", config.report_unused);
  table.insert("levels", levels(config.levels));
  toml::table schema;
  for (const auto& [label, type] : config.label_schema)
    schema.insert(label, kLabelTypes[static_cast<size_t>(type)]);
  table.insert("label-schema", std::move(schema));
  toml::array overrides;
  for (const Override& one : config.overrides)
    overrides.push_back(toml::table{
        {"paths", list(one.paths)}, {"ignore", list(one.ignore)}, {"levels", levels(one.levels)}});
  if (!overrides.empty()) table.insert("overrides", std::move(overrides));
  toml::array managers;
  for (const OwnPackageManager& one : config.package_managers) {
    toml::table row{{"name", one.name},
                    {"programs", list(one.programs)},
                    {"commands", list(one.commands)},
                    {"caches", list(one.caches)},
                    {"cache-env", list(one.cache_env)},
                    {"manifests", list(one.manifests)},
                    {"opt-out", list(one.opt_out)}};
    if (!one.sharing.empty()) row.insert("sharing", one.sharing);
    managers.push_back(std::move(row));
  }
  if (!managers.empty()) table.insert("package-managers", std::move(managers));
  return table;
}

// A setting or a section: "ignore = [ 'DC1009' ]".
std::string text_of(std::string_view key, const toml::node& value) {
  toml::table alone;
  alone.insert(key, value);
  std::ostringstream out;
  out << alone;
  return out.str();
}

// Whether a layer added to what the one before it has.
bool extends(const toml::node* before, const toml::node* after) {
  const toml::array* const first = before == nullptr ? nullptr : before->as_array();
  const toml::array* const second = after == nullptr ? nullptr : after->as_array();
  if (first == nullptr || second == nullptr || first->size() > second->size()) return false;
  for (size_t i = 0; i < first->size(); ++i) {
    if (text_of("x", *first->get(i)) != text_of("x", *second->get(i))) return false;
  }
  return true;
}

// Of the layers of a configuration, those that a value is from: "the file and --ignore". `value_in` gives
// what a layer has there, null for nothing.
template <typename ValueIn>
std::string origins_of(const std::vector<ConfigLayer>& layers, const std::vector<toml::table>& tables,
                       const ValueIn& value_in) {
  std::vector<std::string> origins;
  for (size_t i = 1; i < layers.size(); ++i) {
    const toml::node* const before = value_in(tables[i - 1]);
    const toml::node* const after = value_in(tables[i]);
    if (after == nullptr || (before != nullptr && text_of("x", *before) == text_of("x", *after))) continue;
    if (!extends(before, after)) origins.clear();
    origins.push_back(layers[i].origin);
  }
  return text::list_words(origins);
}

std::string with_origin(std::string text, const std::string& origins) {
  if (!origins.empty()) text += "  # from " + origins;
  return text + '\n';
}

}  // namespace

std::string to_toml(const Config& config) {
  std::ostringstream out;
  out << table_of(config) << '\n';
  return out.str();
}

std::string to_toml_with_origins(const std::vector<ConfigLayer>& layers) {
  std::vector<toml::table> tables;
  tables.reserve(layers.size());
  for (const ConfigLayer& layer : layers)
    tables.push_back(table_of(layer.config));
  std::string settings;
  std::string sections;
  for (const auto& [name, value] : tables.back()) {
    const std::string_view key = name.str();
    const std::string origins =
        origins_of(layers, tables, [&](const toml::table& table) { return table.get(key); });
    if (const toml::array* const array = value.as_array(); array != nullptr && array->is_array_of_tables()) {
      for (const toml::node& one : *array) {
        sections += with_origin(fmt::format("\n[[{}]]", key), origins);
        for (const auto& [inner, inside] : *one.as_table())
          sections += text_of(inner.str(), inside) + '\n';
      }
    } else if (const toml::table* const section = value.as_table()) {
      sections += fmt::format("\n[{}]\n", key);
      for (const auto& [inner, inside] : *section) {
        const std::string_view name_inside = inner.str();
        const auto in_layer = [&](const toml::table& table) {
          const toml::table* const same = table.get_as<toml::table>(key);
          return same == nullptr ? nullptr : same->get(name_inside);
        };
        sections += with_origin(text_of(name_inside, inside), origins_of(layers, tables, in_layer));
      }
    } else {
      settings += with_origin(text_of(key, value), origins);
    }
  }
  return settings + sections;
}

std::span<const std::string_view> config_keys() {
  return kConfigKeys;
}

bool is_hadolint_config(std::string_view path) {
  return path.ends_with(".yaml") || path.ends_with(".yml");
}

}  // namespace dcache::lint
