// What users of hadolint bring along: its file, its variables of the environment, and its retired rules.
// Source: https://github.com/hadolint/hadolint#configure
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/file_system.h"
#include "dcache/lint/config.h"

namespace dcache::lint {

// Whether it is a code of hadolint's that dcache has no rule for: a retired one, or one newer than this.
bool is_foreign_code(std::string_view rule, const std::vector<std::string_view>& known_rules);

// "there is no rule DL3005 any more", or "here" for one that is not known to be retired.
std::string words_of_foreign(std::string_view code);

// As read_hadolint_config(); what of the file has no effect is added to `notes`.
tl::expected<Config, ConfigError> read_hadolint_config(const std::string& text,
                                                       const std::vector<std::string_view>& known_rules,
                                                       std::vector<ConfigError>& notes);

// The value of a variable of the environment; nothing if it is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

// Adds what HADOLINT_… says to a configuration; what concerns output is left alone. Lists are added to those
// of the file. Gives what is wrong with a value, if anything is.
std::optional<ConfigError> add_hadolint_variables(const Variables& variables,
                                                  const std::vector<std::string_view>& known_rules,
                                                  Config& config, std::vector<ConfigError>& notes);

// hadolint's configuration in the user's home; empty if there is none.
std::string find_hadolint_home(const Variables& variables,
                               const context::FileSystem& files = *context::disk());

}  // namespace dcache::lint
