#include "dcache/lint/config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"style", "info", "warning", "error"};
constexpr std::array<std::string_view, 5> kProfiles = {"default", "cache", "buildkit", "hadolint", "all"};
constexpr std::array<std::string_view, 9> kKeys = {
    "profile",      "select",       "ignore", "fail-on", "minimum-engine", "levels", "trusted-registries",
    "label-schema", "strict-labels"};
constexpr std::array<std::string_view, 8> kLabelTypes = {"text", "rawtext", "url",    "rfc3339",
                                                         "spdx", "hash",    "semver", "email"};
constexpr std::string_view kFileName = ".dcache.toml";

// Where reading stops at the first thing that is wrong.
struct Stop {
  ConfigError error;
};

[[noreturn]] void stop(const toml::node& node, std::string message, std::string remedy) {
  throw Stop{{std::move(message), std::move(remedy), node.source().begin.line, node.source().begin.column}};
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view near = text::closest(word, candidates);
  if (!near.empty()) return fmt::format("did you mean '{}'?", near);
  return candidates.size() > 10 ? "dcache rules lists what there is"
                                : fmt::format("known are {}", fmt::join(candidates, ", "));
}

std::string text_of(const toml::node& node, std::string_view key) {
  const auto text = node.value<std::string>();
  if (!text || !node.is_string())
    stop(node, fmt::format("'{}' is no string", key), "put it between double quotes");
  return *text;
}

class Reader {
 public:
  explicit Reader(const std::vector<std::string_view>& known_rules) : known_rules_(known_rules) {}

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
      if (!profile) stop(node, fmt::format("there is no profile '{}'", name), did_you_mean(name, kProfiles));
      config_.profile = *profile;
    } else if (key == "select") {
      config_.select = rules_of(node, key);
    } else if (key == "ignore") {
      config_.ignore = rules_of(node, key);
    } else if (key == "fail-on") {
      const std::string name = text_of(node, key);
      config_.fail_on = name == "none" ? std::nullopt : std::optional(level(node, name));
    } else if (key == "minimum-engine") {
      config_.minimum_engine = text_of(node, key);
    } else if (key == "levels") {
      read_levels(node);
    } else if (key == "trusted-registries") {
      config_.trusted_registries = texts_of(node, key);
    } else if (key == "label-schema") {
      read_label_schema(node);
    } else if (key == "strict-labels") {
      const auto strict = node.value<bool>();
      if (!strict) stop(node, "'strict-labels' is neither true nor false", "write true or false");
      config_.strict_labels = *strict;
    } else {
      stop(node, fmt::format("unknown key '{}'", key), did_you_mean(key, kKeys));
    }
  }

  static Level level(const toml::node& node, const std::string& name) {
    const auto found = level_of(name);
    if (!found) stop(node, fmt::format("there is no level '{}'", name), did_you_mean(name, kLevels));
    return *found;
  }

  void read_levels(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) stop(node, "'levels' is no table", "write [levels] and below it CODE = \"level\"");
    for (const auto& [code, value] : *table) {
      check_rule(value, std::string(code.str()));
      config_.levels[std::string(code.str())] = level(value, text_of(value, code.str()));
    }
  }

  void read_label_schema(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      stop(node, "'label-schema' is no table", "write [label-schema] and below it LABEL = \"TYPE\"");
    for (const auto& [label, value] : *table) {
      const std::string name = text_of(value, label.str());
      const auto type = label_type_of(name);
      if (!type)
        stop(value, fmt::format("there is no type '{}' of labels", name), did_you_mean(name, kLabelTypes));
      config_.label_schema[std::string(label.str())] = *type;
    }
  }

  static std::vector<std::string> texts_of(const toml::node& node, std::string_view key) {
    const toml::array* array = node.as_array();
    if (array == nullptr) stop(node, fmt::format("'{}' is no list", key), "write [\"…\", …]");
    std::vector<std::string> texts;
    for (const toml::node& entry : *array)
      texts.push_back(text_of(entry, key));
    return texts;
  }

  std::vector<std::string> rules_of(const toml::node& node, std::string_view key) {
    std::vector<std::string> rules = texts_of(node, key);
    for (const std::string& rule : rules)
      check_rule(node, rule);
    return rules;
  }

  void check_rule(const toml::node& node, const std::string& rule) {
    const bool known = std::any_of(known_rules_.begin(), known_rules_.end(),
                                   [&](std::string_view r) { return text::equals_ignoring_case(r, rule); });
    if (!known) stop(node, fmt::format("there is no rule '{}'", rule), did_you_mean(rule, known_rules_));
  }

  const std::vector<std::string_view>& known_rules_;
  Config config_;
};

}  // namespace

std::string_view name_of(Level level) {
  return kLevels[static_cast<size_t>(level)];
}

std::optional<Level> level_of(std::string_view name) {
  const auto found = std::find(kLevels.begin(), kLevels.end(), name);
  if (found == kLevels.end()) return std::nullopt;
  return static_cast<Level>(found - kLevels.begin());
}

std::optional<Profile> profile_of(std::string_view name) {
  const auto found = std::find(kProfiles.begin(), kProfiles.end(), name);
  if (found == kProfiles.end()) return std::nullopt;
  return static_cast<Profile>(found - kProfiles.begin());
}

std::optional<LabelType> label_type_of(std::string_view name) {
  const auto found = std::find(kLabelTypes.begin(), kLabelTypes.end(), name);
  if (found == kLabelTypes.end()) return std::nullopt;
  return static_cast<LabelType>(found - kLabelTypes.begin());
}

tl::expected<Config, ConfigError> read_config(const std::string& text,
                                              const std::vector<std::string_view>& known_rules) {
  try {
    return Reader(known_rules).read(toml::parse(text));
  } catch (const toml::parse_error& error) {  // the library reports by exception
    return tl::unexpected(ConfigError{std::string(error.description()), "see https://toml.io for the format",
                                      error.source().begin.line, error.source().begin.column});
  } catch (const Stop& stopped) {
    return tl::unexpected(stopped.error);
  }
}

std::string find_config(const std::string& folder) {
  std::error_code failure;
  std::filesystem::path at = std::filesystem::absolute(folder.empty() ? "." : folder, failure);
  while (!failure && !at.empty()) {
    const std::filesystem::path candidate = at / kFileName;
    if (std::filesystem::is_regular_file(candidate, failure)) return candidate.lexically_normal().string();
    failure.clear();
    if (at == at.parent_path()) break;
    at = at.parent_path();
  }
  return {};
}

}  // namespace dcache::lint
