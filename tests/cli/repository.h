// A repository with files of its own, and what `dcache affected` says of its images.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
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

// "2:miss:image 3:miss:image": line, verdict and cause of the steps of one image.
inline std::string steps_of(const Repository& repository, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "explain");
  arguments.insert(arguments.end(), {"--format", "json"});
  const Outcome outcome = run_dcache(arguments, repository.path());
  if (outcome.out.empty()) return outcome.err;
  const auto answer = nlohmann::json::parse(outcome.out);
  std::string text;
  for (const nlohmann::json& step : answer.at("steps")) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", step.at("line").dump(),
                        step.at("verdict").get<std::string>());
    if (step.contains("cause")) text += ":" + step.at("cause").at("kind").get<std::string>();
  }
  return text;
}

}  // namespace dcache::test
