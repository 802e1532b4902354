#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool sets_label(const WrittenStage& stage, std::string_view key) {
  return std::ranges::any_of(stage.body, [&](const Instruction& written) {
    const Instruction& instruction = carried(written);
    if (instruction.keyword != Keyword::kLabel) return false;
    for (size_t i = 0; i < instruction.arguments.size(); i += 2) {
      if (unquoted(instruction.arguments[i].text) == key) return true;
    }
    return false;
  });
}

// What COPY --from names, in lower case.
std::set<std::string> copied_from(const std::vector<WrittenStage>& stages) {
  std::set<std::string> names;
  for (const WrittenStage& stage : stages) {
    for (const Instruction& instruction : stage.body) {
      const dockerfile::Flag* from = instruction.find_flag("from");
      if (instruction.keyword == Keyword::kCopy && from != nullptr) names.insert(text::to_lower(from->value));
    }
  }
  return names;
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  if (subject.config().label_schema.empty()) return;
  const std::vector<WrittenStage>& stages = written_stages(subject);
  const std::set<std::string> copied = copied_from(stages);
  for (const auto& [key, type] : subject.config().label_schema) {
    std::vector<bool> has(stages.size());
    for (size_t i = 0; i < stages.size(); ++i) {
      has[i] = sets_label(stages[i], key) || (stages[i].base && has[*stages[i].base]);
      const bool only_copied =
          copied.contains(std::to_string(i)) || copied.contains(text::to_lower(stages[i].name));
      if (has[i] || stages[i].from == nullptr || only_copied) continue;
      reporter.report(stages[i].from->span, fmt::format("the label {} is missing", key),
                      fmt::format("add LABEL {}=VALUE", key));
    }
  }
}

}  // namespace

lint::Rule DL3049() {
  return {.code = "DL3049",
          .name = "label-missing",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "A label of the schema is missing",
          .rationale =
              "`label-schema` in the configuration lists labels that every image has to have. Stages that "
              "are only copied from need none.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.other=\"x\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.vendor\" = \"text\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.vendor=\"example\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.vendor\" = \"text\"\n"},
          .check = check};
}

}  // namespace dcache::rules
