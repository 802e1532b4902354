#include <array>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "dcache/lint/config.h"
#include "dcache/lint/config_reading.h"

namespace dcache::lint {
namespace {

constexpr std::array<std::string_view, 12> kKeys = {
    "ignored",       "override",          "trustedRegistries", "label-schema",
    "strict-labels", "failure-threshold", "no-fail",           "disable-ignore-pragma",
    "format",        "no-color",          "verbose",           "output"};

FilePosition place_of(const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  return {static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
}

class Reader {
 public:
  explicit Reader(const std::vector<std::string_view>& known_rules) : known_rules_(known_rules) {}

  Config read(const YAML::Node& file) {
    if (file.IsNull()) return config_;
    if (!file.IsMap())
      stop(place_of(file), "this is no list of settings", "write KEY: VALUE, as in 'ignored: [DL3008]'");
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
      config_.trusted_registries = texts_of(value);
    } else if (key == "label-schema") {
      if (!value.IsMap()) stop(place_of(value), "'label-schema' is no map", "write LABEL: TYPE below it");
      for (const auto& entry : value)
        config_.label_schema[entry.first.as<std::string>()] =
            known_label_type(entry.second.as<std::string>(), place_of(entry.second));
    } else if (key == "strict-labels") {
      config_.strict_labels = value.as<bool>();
    } else if (key == "failure-threshold") {
      const auto threshold = value.as<std::string>();
      config_.fail_on = threshold == "none" || threshold == "ignore"
                            ? std::nullopt
                            : std::optional(known_level(threshold, place_of(value)));
    } else if (key == "no-fail") {
      if (value.as<bool>()) config_.fail_on = std::nullopt;
    } else if (std::ranges::find(kKeys, key) == kKeys.end()) {
      stop(place_of(at), fmt::format("unknown key '{}'", key), did_you_mean(key, kKeys));
    }
  }

  void read_levels(const YAML::Node& value) {
    if (!value.IsMap()) stop(place_of(value), "'override' is no map", "write LEVEL: [CODE, …] below it");
    for (const auto& entry : value) {
      const Level level = known_level(entry.first.as<std::string>(), place_of(entry.first));
      for (const std::string& rule : rules_of(entry.second))
        config_.levels[rule] = level;
    }
  }

  static std::vector<std::string> texts_of(const YAML::Node& value) {
    if (!value.IsSequence() && !value.IsNull())
      stop(place_of(value), "this is no list", "write [A, B], or one a line behind dashes");
    std::vector<std::string> texts;
    for (const YAML::Node& entry : value)
      texts.push_back(entry.as<std::string>());
    return texts;
  }

  std::vector<std::string> rules_of(const YAML::Node& value) {
    std::vector<std::string> rules = texts_of(value);
    for (const std::string& rule : rules)
      check_rule(rule, known_rules_, place_of(value));
    return rules;
  }

  const std::vector<std::string_view>& known_rules_;
  Config config_;
};

}  // namespace

tl::expected<Config, ConfigError> read_hadolint_config(const std::string& text,
                                                       const std::vector<std::string_view>& known_rules) {
  try {
    return Reader(known_rules).read(YAML::Load(text));
  } catch (const YAML::Exception& error) {  // the library reports by exception
    return tl::unexpected(ConfigError{error.msg, "see https://yaml.org for the format",
                                      static_cast<uint32_t>(error.mark.line + 1),
                                      static_cast<uint32_t>(error.mark.column + 1)});
  } catch (const Stop& stopped) {
    return tl::unexpected(stopped.error);
  }
}

}  // namespace dcache::lint
