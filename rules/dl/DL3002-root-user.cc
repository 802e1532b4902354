#include "dcache/lint/rule.h"
#include "rules/package_managers.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(subject)) {
    const Instruction* last = nullptr;
    for (const Instruction& instruction : stage.body) {
      if (instruction.keyword == Keyword::kUser && !instruction.arguments.empty()) last = &instruction;
    }
    if (last == nullptr) continue;
    if (!read_owner(last->arguments.front().text).is_root()) continue;
    reporter.report(last->span, "the program of the image runs as root",
                    "name another user before the stage ends");
  }
}

}  // namespace

lint::Rule DL3002() {
  return {.code = "DL3002",
          .name = "root-user",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "The last USER of a stage is root",
          .rationale =
              "What runs as root in a container is root for the kernel too: a hole in the program is a hole "
              "in everything that is mounted or shared. Do what needs root, then name another user.",
          .bad = {"FROM debian:12\n"
                  "USER root\n"
                  "RUN apt-get update\n"},
          .good = {"FROM debian:12\n"
                   "USER root\n"
                   "RUN apt-get update\n"
                   "USER app\n"},
          .security_severity = "4.5",
          .check = check};
}

}  // namespace dcache::rules
