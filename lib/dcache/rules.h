// The catalogue of rules, as values: for lists, help and settings of an editor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/finding.h"

namespace dcache {

struct RuleInfo {
  std::string code;
  std::string name;
  Level level = Level::kWarning;  // unless a configuration changes it
  std::string summary;            // one sentence
  std::string page;               // the whole documentation, in Markdown
  std::vector<std::string> references;
  bool has_fix = false;
  bool in_default_profile = true;
};

// All of them, and one by its code or name in any letter case. Safe to call from many threads.
std::vector<RuleInfo> rules();
std::optional<RuleInfo> find_rule(std::string_view code_or_name);

}  // namespace dcache
