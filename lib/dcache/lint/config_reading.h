// What the readers of configuration files share. Internal to lint/.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/config.h"

namespace dcache::lint {

// Where reading stops at the first thing that is wrong.
struct Stop {
  ConfigError error;
};

// "did you mean …?" or what else there is.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

struct FilePosition {
  uint32_t line = 0;
  uint32_t column = 0;
};
[[noreturn]] void stop(FilePosition at, std::string message, std::string remedy);

// Stop for what they don't know.
Level known_level(std::string_view name, FilePosition at);
LabelType known_label_type(std::string_view name, FilePosition at);
// Stops at the name of a label that no LABEL can have, and no TOML.
void check_label(std::string_view label, FilePosition at);
void check_rule(std::string_view rule, const std::vector<std::string_view>& known, FilePosition at);

}  // namespace dcache::lint
