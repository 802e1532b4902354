#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules::DC4013 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool is_root(std::string_view user) {
  user = user.substr(0, user.find(':'));
  return user == "root" || user == "0";
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  std::vector<std::string_view> users(stages.size());  // at the end of each; empty for root or not known
  for (size_t i = 0; i < stages.size(); ++i) {
    std::string_view user = stages[i].base ? users[*stages[i].base] : std::string_view();
    for (const Instruction& instruction : stages[i].body) {
      if (instruction.keyword == Keyword::kUser && !instruction.arguments.empty()) {
        const std::string_view written = unquoted(instruction.arguments[0].text);
        user = is_root(written) ? std::string_view() : written;
      }
      const bool copies = instruction.keyword == Keyword::kCopy || instruction.keyword == Keyword::kAdd;
      if (user.empty() || !copies || instruction.find_flag("chown") != nullptr) continue;
      reporter.report(instruction.span, fmt::format("the files belong to root, though USER is {}", user),
                      fmt::format("write {} --chown={} if the program has to change them",
                                  dockerfile::name_of(instruction.keyword), user));
    }
    users[i] = user;
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC4013",
      .name = "copy-after-user",
      .level = lint::Level::kStyle,
      .on_by_default = false,
      .summary = "COPY after USER has no `--chown`",
      .rationale =
          "COPY and ADD give files to root, whatever USER says: the user can read them, and can't change "
          "them. That is often what you want, because a program that can't change its own files is safer. "
          "Select the rule if your programs write to the folders that you copy.",
      .bad = {"FROM node:22\n"
              "USER node\n"
              "COPY . /app\n"},
      .good = {"FROM node:22\n"
               "USER node\n"
               "COPY --chown=node . /app\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC4013
