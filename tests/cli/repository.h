// A repository with files of its own, and what `dcache affected` says of its images.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/git_folder.h"
#include "tests/run_program.h"

namespace dcache::test {

using Files = std::vector<std::pair<std::string, std::string>>;

class Repository : public GitFolder {
 public:
  explicit Repository(const Files& files) {
    git("init -q -b main");
    for (const auto& [name, content] : files)
      write(name, content);
    commit("first");
  }

  // "api:rebuilt@3 web:unaffected"
  std::string effects(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "affected");
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = run_dcache(arguments, path());
    if (outcome.out.empty()) return outcome.err;
    std::string text;
    const auto answer = nlohmann::json::parse(outcome.out);
    for (const nlohmann::json& image : answer.at("images")) {
      text += (text.empty() ? "" : " ") + image.at("name").get<std::string>() + ":" +
              image.at("effect").get<std::string>();
      if (image.contains("line")) text += "@" + image.at("line").dump();
    }
    return text;
  }
};

}  // namespace dcache::test
