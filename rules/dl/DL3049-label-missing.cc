#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules::DL3049 {
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

// For each stage whether files are taken from it, by COPY --from or by a mount.
std::vector<bool> stages_copied_from(lint::Dockerfile& dockerfile) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  std::vector<bool> copied(stages.size());
  const auto mark = [&](size_t above, std::string_view name) {
    if (const auto stage = find_stage(stages, above, name)) copied[*stage] = true;
  };
  for (size_t i = 0; i < stages.size(); ++i) {
    for (const Instruction& instruction : stages[i].body) {
      const dockerfile::Flag* from = instruction.find_flag("from");
      if (instruction.keyword == Keyword::kCopy && from != nullptr) mark(i, from->value);
      if (instruction.keyword != Keyword::kRun) continue;
      for (const dockerfile::Mount& mount : dockerfile.run_at(instruction).mounts)
        mark(i, mount.from);
    }
  }
  return copied;
}

// For each stage whether images of it have the label: it sets it, or inherits it, or each stage that starts
// from it has it.
std::vector<bool> stages_with_label(const std::vector<WrittenStage>& stages, std::string_view key,
                                    const std::vector<bool>& copied) {
  std::vector<bool> has(stages.size()), is_base(stages.size()), lacks_above(stages.size());
  for (size_t i = 0; i < stages.size(); ++i)
    has[i] = sets_label(stages[i], key) || (stages[i].base && has[*stages[i].base]);
  for (size_t i = stages.size(); i-- > 0;) {
    has[i] = has[i] || (is_base[i] && !lacks_above[i]);
    if (!stages[i].base) continue;
    is_base[*stages[i].base] = true;
    if (!has[i] && !copied[i]) lacks_above[*stages[i].base] = true;
  }
  return has;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (dockerfile.config().label_schema.empty()) return;
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const std::vector<bool> copied = stages_copied_from(dockerfile);
  for (const auto& [key, type] : dockerfile.config().label_schema) {
    const std::vector<bool> has = stages_with_label(stages, key, copied);
    for (size_t i = 0; i < stages.size(); ++i) {
      if (has[i] || copied[i] || stages[i].from == nullptr) continue;
      reporter.report(stages[i].from->span, fmt::format("the label {} is missing", key),
                      fmt::format("add LABEL {}=VALUE", key));
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3049",
          .name = "label-missing",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "A label of the schema is missing",
          .rationale =
              "`label-schema` in the configuration lists the labels that every image must have. Stages "
              "from which other stages only copy need none. A stage from which other stages start needs "
              "none if all of them set the label.",
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

}  // namespace dcache::rules::DL3049
