// What the maps of a definition or a manifest start in containers.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/yaml.h"

namespace dcache::rules {

// Tools that start others, as a file or a person says.
inline constexpr std::array<std::string_view, 7> kStarters = {"make", "task",    "just", "mage",
                                                              "rake", "gradlew", "mvnw"};

// Whether a text has the program as a word of a command.
bool has_program(std::string_view text, std::string_view program);

// What some members of a map start.
struct StartCommands {
  std::string words;     // of all of them
  bool by_tool = false;  // it may be anything: a shell, a script, or a tool that builds again what is edited
};
StartCommands started_by(const project::yaml::Value& map, std::span<const std::string_view> members);

// A map that starts something in an image.
struct StartedContainer {
  std::string image;
  StartCommands started;
};
std::vector<StartedContainer> containers_in(const project::yaml::Value& value);

}  // namespace dcache::rules
