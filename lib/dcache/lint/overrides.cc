#include "dcache/lint/overrides.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/hadolint_config.h"
#include "dcache/lint/rule_prefix.h"
#include "dcache/lint/shellcheck.h"
#include "dcache/text/suggest.h"

namespace dcache::lint {
namespace {

// Whether a rule is in the catalogue, or one of what the engine and ShellCheck report.
bool is_known(std::string_view rule) {
  return find_rule(catalogue(), rule) != nullptr || find_rule(pseudo_rules(), rule) != nullptr ||
         is_shellcheck_code(rule);
}

template <typename Known>
std::optional<text::Failure> unknown(std::string member, std::string_view kind, const std::string& name,
                                     const Known& known) {
  const std::vector<std::string_view> names(std::begin(known), std::end(known));
  return text::Failure{
      .path = std::move(member),
      .message = fmt::format("unknown {} '{}'", kind, name),
      .remedy = text::did_you_mean(name, names, fmt::format("expected {}", fmt::join(names, ", ")))};
}

constexpr std::string_view kLevelsWorstFirst[] = {"error", "warning", "info", "style"};

}  // namespace

std::optional<text::Failure> check(const Overrides& overrides, std::vector<std::string>& notes) {
  const std::vector<std::string_view> names = known_names(catalogue());
  std::vector<std::string> leveled;
  for (const auto& [rule, level] : overrides.levels)
    leveled.push_back(rule);
  for (const auto& [member, list] :
       {std::pair<const char*, const std::vector<std::string>&>{"select", overrides.select},
        {"extend-select", overrides.extend_select},
        {"ignore", overrides.ignore},
        {"level", leveled}}) {
    for (const std::string& rule : list) {
      if (is_known(rule) || is_known_prefix(rule, names)) continue;
      if (!std::string_view(member).ends_with("select") && is_foreign_code(rule, names)) {
        notes.push_back(fmt::format("{}: {}", member, words_of_foreign(rule)));
        continue;
      }
      return text::Failure{.path = member,
                           .message = fmt::format("unknown rule '{}'", rule),
                           .remedy = text::did_you_mean(rule, names, "dcache rules lists all rules")};
    }
  }
  if (!overrides.profile.empty() && !profile_of(overrides.profile))
    return unknown("profile", "profile", overrides.profile, kProfileNames);
  for (const auto& [rule, level] : overrides.levels) {
    if (!level_of(level)) return unknown("level", "level", level, kLevelsWorstFirst);
  }
  if (!overrides.fail_on.empty() && overrides.fail_on != "none" && !level_of(overrides.fail_on))
    return unknown("fail-on", "level", overrides.fail_on, kLevelsWorstFirst);
  if (!overrides.minimum_engine.empty() && !is_engine_version(overrides.minimum_engine))
    return text::Failure{.path = "minimum-engine",
                         .message = fmt::format("'{}' is not a version of Docker", overrides.minimum_engine),
                         .remedy = "write MAJOR.MINOR, such as 23.0"};
  if (std::ranges::find(overrides.trusted_registries, "") != overrides.trusted_registries.end())
    return text::Failure{
        .path = "trusted-registry", .message = "a registry has no name", .remedy = "write its host"};
  return std::nullopt;
}

std::vector<std::pair<std::string, Overrides>> members_of(const Overrides& overrides) {
  std::vector<std::pair<std::string, Overrides>> members;
  const auto add = [&](const char* name, auto member, bool is_given) {
    if (!is_given) return;
    Overrides one;
    one.*member = overrides.*member;
    members.emplace_back(name, std::move(one));
  };
  add("profile", &Overrides::profile, !overrides.profile.empty());
  add("select", &Overrides::select, !overrides.select.empty());
  add("extend-select", &Overrides::extend_select, !overrides.extend_select.empty());
  add("ignore", &Overrides::ignore, !overrides.ignore.empty());
  add("level", &Overrides::levels, !overrides.levels.empty());
  add("fail-on", &Overrides::fail_on, !overrides.fail_on.empty());
  add("minimum-engine", &Overrides::minimum_engine, !overrides.minimum_engine.empty());
  add("builder", &Overrides::builder, overrides.builder.has_value());
  add("trusted-registry", &Overrides::trusted_registries, !overrides.trusted_registries.empty());
  add("label-schema", &Overrides::labels, !overrides.labels.empty());
  add("strict-labels", &Overrides::strict_labels, overrides.strict_labels);
  add("report-unused-suppressions", &Overrides::report_unused, overrides.report_unused);
  return members;
}

bool is_engine_version(std::string_view text) {
  const auto is_number = [](std::string_view part) {
    constexpr size_t kMostDigits = 4;
    return !part.empty() && part.size() <= kMostDigits &&
           part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const size_t dot = text.find('.');
  return is_number(text.substr(0, dot)) && (dot == std::string_view::npos || is_number(text.substr(dot + 1)));
}

void apply(const Overrides& overrides, Config& config) {
  if (!overrides.profile.empty()) config.profile = *profile_of(overrides.profile);
  if (!overrides.select.empty()) config.select = overrides.select;
  config.extend_select.insert(config.extend_select.end(), overrides.extend_select.begin(),
                              overrides.extend_select.end());
  config.ignore.insert(config.ignore.end(), overrides.ignore.begin(), overrides.ignore.end());
  if (!overrides.fail_on.empty()) config.fail_on = level_of(overrides.fail_on);
  if (!overrides.minimum_engine.empty()) config.minimum_engine = overrides.minimum_engine;
  if (overrides.builder) config.builder = overrides.builder;
  config.report_unused = config.report_unused || overrides.report_unused;
  config.strict_labels = config.strict_labels || overrides.strict_labels;
  config.trusted_registries.insert(config.trusted_registries.end(), overrides.trusted_registries.begin(),
                                   overrides.trusted_registries.end());
  for (const auto& [rule, level] : overrides.levels)
    config.levels[rule] = *level_of(level);
  for (const auto& [label, type] : overrides.labels)
    config.label_schema[label] = *label_type_of(type);
}

}  // namespace dcache::lint
