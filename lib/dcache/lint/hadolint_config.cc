#include "dcache/lint/hadolint_config.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "dcache/lint/config_reading.h"
#include "dcache/text/line_index.h"
#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

constexpr std::array<std::string_view, 12> kHadolintKeys = {
    "ignored",       "override",          "trustedRegistries", "label-schema",
    "strict-labels", "failure-threshold", "no-fail",           "disable-ignore-pragma",
    "format",        "no-color",          "verbose",           "output"};

FilePosition position_of_yaml(const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  return {static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
}

ConfigError note(FilePosition at, std::string message) {
  return {std::move(message), {}, at.line, at.column};
}

// Those that there are; the others of hadolint's are noted, and what is not a code at all is wrong.
std::vector<std::string> known_ones(std::vector<std::string> rules,
                                    const std::vector<std::string_view>& known_rules, FilePosition at,
                                    std::vector<ConfigError>& notes) {
  std::erase_if(rules, [&](const std::string& rule) {
    const bool foreign = is_foreign_code(rule, known_rules);
    if (foreign) notes.push_back(note(at, words_of_foreign(rule)));
    return foreign;
  });
  for (const std::string& rule : rules)
    check_rule(rule, known_rules, at);
  return rules;
}

class HadolintConfigReader {
 public:
  HadolintConfigReader(const std::vector<std::string_view>& known_rules, std::vector<ConfigError>& notes)
      : known_rules_(known_rules), notes_(notes) {}

  Config read(const YAML::Node& file) {
    if (file.IsNull()) return config_;
    if (!file.IsMap())
      stop(position_of_yaml(file), "this is not a list of settings",
           "write KEY: VALUE, as in 'ignored: [DL3008]'");
    for (const auto& entry : file)
      read_key(entry.first.as<std::string>(), entry.first, entry.second);
    return std::move(config_);
  }

 private:
  void read_key(const std::string& key, const YAML::Node& at, const YAML::Node& value) {
    if (key == "ignored") {
      config_.ignore = rules_of(value);
    } else if (key == "override") {
      read_levels(value);
    } else if (key == "trustedRegistries") {
      config_.trusted_registries = value.IsScalar() ? std::vector{value.as<std::string>()} : texts_of(value);
    } else if (key == "label-schema") {
      if (!value.IsMap())
        stop(position_of_yaml(value), "'label-schema' is not a map", "write LABEL: TYPE below it");
      for (const auto& entry : value) {
        const auto label = entry.first.as<std::string>();
        check_label(label, position_of_yaml(entry.first));
        config_.label_schema[label] =
            known_label_type(entry.second.as<std::string>(), position_of_yaml(entry.second));
      }
    } else if (key == "strict-labels") {
      config_.strict_labels = value.as<bool>();
    } else if (key == "failure-threshold") {
      const auto threshold = value.as<std::string>();
      config_.fail_on = threshold == "none" || threshold == "ignore"
                            ? std::nullopt
                            : std::optional(known_level(threshold, position_of_yaml(value)));
    } else if (key == "no-fail") {
      if (value.as<bool>()) config_.fail_on = std::nullopt;
    } else if (key == "disable-ignore-pragma") {
      if (value.as<bool>())
        notes_.push_back(note(position_of_yaml(at), "'disable-ignore-pragma' has no effect here"));
    } else if (std::ranges::find(kHadolintKeys, key) == kHadolintKeys.end()) {
      stop(position_of_yaml(at), fmt::format("unknown key '{}'", key), did_you_mean(key, kHadolintKeys));
    }
  }

  void read_levels(const YAML::Node& value) {
    if (!value.IsMap())
      stop(position_of_yaml(value), "'override' is not a map", "write LEVEL: [CODE, …] below it");
    for (const auto& entry : value) {
      const Level level = known_level(entry.first.as<std::string>(), position_of_yaml(entry.first));
      for (const std::string& rule : rules_of(entry.second))
        config_.levels[rule] = level;
    }
  }

  static std::vector<std::string> texts_of(const YAML::Node& value) {
    if (!value.IsSequence() && !value.IsNull())
      stop(position_of_yaml(value), "this is not a list",
           "write [A, B], or each item on its own line after a dash");
    std::vector<std::string> texts;
    for (const YAML::Node& entry : value)
      texts.push_back(entry.as<std::string>());
    return texts;
  }

  std::vector<std::string> rules_of(const YAML::Node& value) {
    return known_ones(texts_of(value), known_rules_, position_of_yaml(value), notes_);
  }

  const std::vector<std::string_view>& known_rules_;
  std::vector<ConfigError>& notes_;
  Config config_;
};

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> texts;
  while (!list.empty()) {
    const std::string_view text = list.substr(0, list.find(','));
    list.remove_prefix(std::min(text.size() + 1, list.size()));
    if (!text::trim(text).empty()) texts.emplace_back(text::trim(text));
  }
  return texts;
}

bool is_true(std::string_view value) {
  constexpr std::array<std::string_view, 5> kTrue = {"1", "y", "yes", "true", "on"};
  return std::ranges::find(kTrue, text::to_lower(value)) != kTrue.end();
}

// Reads one variable after the other into a configuration. Stops at a value that is wrong.
class VariableReader {
 public:
  VariableReader(const Variables& variables, const std::vector<std::string_view>& known_rules)
      : variables_(variables), known_rules_(known_rules) {}

  // The one that was read last.
  const std::string& name() const { return name_; }
  std::vector<ConfigError>& notes() { return notes_; }

  void read(Config& config) {
    if (const auto list = get("IGNORE")) append(rules_of(*list), config.ignore);
    for (const std::string_view level : {"STYLE", "INFO", "WARNING", "ERROR"}) {
      const auto list = get("OVERRIDE_" + std::string(level));
      if (!list) continue;
      for (const std::string& rule : rules_of(*list))
        config.levels[rule] = *level_of(text::to_lower(level));
    }
    if (const auto list = get("TRUSTED_REGISTRIES")) append(split_list(*list), config.trusted_registries);
    if (const auto list = get("REQUIRE_LABELS")) read_labels(*list, config);
    if (const auto value = get("STRICT_LABELS")) config.strict_labels = is_true(*value);
    if (const auto value = get("FAILURE_THRESHOLD")) {
      const bool never = *value == "none" || *value == "ignore";
      config.fail_on = never ? std::nullopt : std::optional(known_level(*value, {}));
    }
    if (const auto value = get("NOFAIL"); value && is_true(*value)) config.fail_on = std::nullopt;
    if (const auto value = get("DISABLE_IGNORE_PRAGMA"); value && is_true(*value))
      notes_.push_back(note({}, name_ + " has no effect here"));
  }

 private:
  std::optional<std::string> get(const std::string& name) {
    name_ = "HADOLINT_" + name;
    return variables_(name_);
  }

  std::vector<std::string> rules_of(std::string_view list) {
    std::vector<ConfigError> notes;
    std::vector<std::string> rules = known_ones(split_list(list), known_rules_, {}, notes);
    for (ConfigError& one : notes)
      notes_.push_back(note({}, name_ + ": " + one.message));
    return rules;
  }

  static void append(const std::vector<std::string>& from, std::vector<std::string>& to) {
    to.insert(to.end(), from.begin(), from.end());
  }

  static void read_labels(std::string_view list, Config& config) {
    for (const std::string& label : split_list(list)) {
      const size_t colon = label.rfind(':');
      if (colon == std::string::npos)
        stop({}, fmt::format("'{}' is not a label with a type", label), "write LABEL:TYPE");
      config.label_schema[label.substr(0, colon)] = known_label_type(label.substr(colon + 1), {});
    }
  }

  const Variables& variables_;
  const std::vector<std::string_view>& known_rules_;
  std::string name_;
  std::vector<ConfigError> notes_;
};

}  // namespace

bool is_foreign_code(std::string_view rule, const std::vector<std::string_view>& known_rules) {
  constexpr size_t kLength = 6;  // of "DL3005"
  return rule.size() == kLength && text::equals_ignoring_case(rule.substr(0, 2), "DL") &&
         rule.find_first_not_of("0123456789", 2) == std::string_view::npos &&
         std::ranges::none_of(
             known_rules, [&](std::string_view known) { return text::equals_ignoring_case(known, rule); });
}

std::string words_of_foreign(std::string_view code) {
  constexpr std::array<std::string_view, 4> kRetired = {"DL3005", "DL3017", "DL3031", "DL3039"};
  const bool retired = std::ranges::any_of(
      kRetired, [&](std::string_view known) { return text::equals_ignoring_case(known, code); });
  return fmt::format("there is no rule {} {}", code, retired ? "any more: hadolint removed it" : "here");
}

tl::expected<Config, ConfigError> read_hadolint_config(const std::string& text,
                                                       const std::vector<std::string_view>& known_rules) {
  std::vector<ConfigError> notes;
  return read_hadolint_config(text, known_rules, notes);
}

std::optional<ConfigError> add_hadolint_variables(const Variables& variables,
                                                  const std::vector<std::string_view>& known_rules,
                                                  Config& config, std::vector<ConfigError>& notes) {
  VariableReader reader(variables, known_rules);
  std::optional<ConfigError> wrong;
  try {
    reader.read(config);
  } catch (const Stop& stopped) {
    wrong = stopped.error;
    wrong->message = reader.name() + ": " + wrong->message;
  }
  std::ranges::move(reader.notes(), std::back_inserter(notes));
  return wrong;
}

std::string find_hadolint_home(const Variables& variables, const context::FileSystem& files) {
  std::vector<std::string> places;
  if (const auto folder = variables("XDG_CONFIG_HOME"); folder && !folder->empty())
    places.push_back(*folder + "/hadolint");
  if (const auto home = variables("HOME"); home && !home->empty()) {
    for (const char* place : {"/.config/hadolint", "/.hadolint/hadolint", "/hadolint/config", "/.hadolint"})
      places.push_back(*home + place);
  }
  for (const std::string& place : places) {
    for (const char* extension : {".yaml", ".yml"}) {
      if (files.exists(place + extension)) return place + extension;
    }
  }
  return {};
}

tl::expected<Config, ConfigError> read_hadolint_config(const std::string& text,
                                                       const std::vector<std::string_view>& known_rules,
                                                       std::vector<ConfigError>& notes) {
  if (const size_t at = text::find_invalid_utf8(text); at != std::string::npos) {
    const text::Position place = text::LineIndex(text).position_of(static_cast<uint32_t>(at));
    return tl::unexpected(ConfigError{"the file is not UTF-8", "save it as UTF-8", place.line, place.column});
  }
  try {
    return HadolintConfigReader(known_rules, notes).read(YAML::Load(text));
  } catch (const YAML::Exception& error) {  // the library reports by exception
    return tl::unexpected(ConfigError{error.msg, "see https://yaml.org for the format",
                                      static_cast<uint32_t>(error.mark.line + 1),
                                      static_cast<uint32_t>(error.mark.column + 1)});
  } catch (const Stop& stopped) {
    return tl::unexpected(stopped.error);
  }
}

}  // namespace dcache::lint
