// What a command line or a program changes of every configuration.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dcache/lint/config.h"
#include "dcache/plan/builder.h"
#include "dcache/text/failure.h"

namespace dcache::lint {

// Names are those that users write. Empty members change nothing.
struct Overrides {
  std::string profile;
  std::vector<std::string> select;
  std::vector<std::string> extend_select;
  std::vector<std::string> ignore;
  std::vector<std::pair<std::string, std::string>> levels;  // rule and level
  std::string fail_on;
  std::string minimum_engine;
  std::optional<plan::Builder> builder;
  std::vector<std::string> trusted_registries;
  std::vector<std::pair<std::string, std::string>> labels;  // label and type
  bool strict_labels = false;
  bool report_unused = false;
};

// What is wrong with them. The path of the failure is the member's name; `notes` gets sentences about members
// that have no effect, though they are not wrong.
std::optional<text::Failure> check(const Overrides& overrides, std::vector<std::string>& notes);

// Each member that changes something alone, with its name as in check().
std::vector<std::pair<std::string, Overrides>> members_of(const Overrides& overrides);

// Whether a text is a version of Docker: MAJOR.MINOR, or MAJOR alone.
bool is_engine_version(std::string_view text);

// `overrides` are those that check() found nothing wrong with.
void apply(const Overrides& overrides, Config& config);

}  // namespace dcache::lint
