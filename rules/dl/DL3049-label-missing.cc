#include <algorithm>

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

bool is_copied_from(const std::vector<WrittenStage>& stages, size_t index) {
  return std::ranges::any_of(stages, [&](const WrittenStage& stage) {
    return std::ranges::any_of(stage.body, [&](const Instruction& instruction) {
      const dockerfile::Flag* from = instruction.find_flag("from");
      return instruction.keyword == Keyword::kCopy && from != nullptr &&
             ((!stages[index].name.empty() && text::equals_ignoring_case(from->value, stages[index].name)) ||
              from->value == std::to_string(index));
    });
  });
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(subject);
  for (const auto& [key, type] : subject.config().label_schema) {
    std::vector<bool> has(stages.size());
    for (size_t i = 0; i < stages.size(); ++i) {
      has[i] = sets_label(stages[i], key) || (stages[i].base && has[*stages[i].base]);
      if (has[i] || stages[i].from == nullptr || is_copied_from(stages, i)) continue;
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
