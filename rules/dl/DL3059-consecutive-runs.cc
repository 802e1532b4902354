#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules::DL3059 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// A list of commands may be worth a layer of its own, one command is not. Tests count as a part of what they
// decide.
bool is_short(const lint::Run& run) {
  return std::ranges::count_if(run.commands, [](const shell::Command& command) {
           return !command.words.empty() && !command.quoted && command.words.front().literal &&
                  command.program() != "[" && command.program() != "[[";
         }) <= 1;
}

std::vector<std::string_view> flags_of(const Instruction& instruction) {
  std::vector<std::string_view> flags;
  for (const dockerfile::Flag& flag : instruction.flags)
    flags.push_back(flag.text);
  return flags;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    const Instruction* above = nullptr;
    for (const Instruction& instruction : stage.body) {
      const Instruction* const last =
          std::exchange(above, instruction.keyword == Keyword::kRun ? &instruction : nullptr);
      if (last == nullptr || above == nullptr || flags_of(*last) != flags_of(instruction)) continue;
      if (!is_short(dockerfile.run_at(*last)) || !is_short(dockerfile.run_at(instruction))) continue;
      reporter.report(instruction.span,
                      fmt::format("this RUN and the RUN in line {} make two layers", last->start_line),
                      "join them with &&");
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3059",
          .name = "consecutive-runs",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .not_in_default =
              "separate RUNs are often better for the cache: what changes often should not rebuild what "
              "does not",
          .summary = "Several RUNs follow each other",
          .rationale =
              "Each RUN makes a layer. Short commands that belong together are easier to keep together "
              "in one RUN. If one RUN creates files and the next deletes them, they stay in the image.",
          .bad = {"FROM debian:12\n"
                  "RUN mkdir /app\n"
                  "RUN touch /app/log\n"},
          .good = {"FROM debian:12\n"
                   "RUN mkdir /app && touch /app/log\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3059
