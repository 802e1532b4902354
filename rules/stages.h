// The stages of a Dockerfile as they are written: for rules that look at the text of instructions and need no
// plan.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dcache/lint/dockerfile.h"
#include "dcache/lint/rule.h"

namespace dcache::rules {

struct WrittenStage {
  const dockerfile::Instruction* from = nullptr;  // null: what is above the first FROM
  std::string_view name;                          // as written; empty if it has none
  std::optional<size_t> base;                     // the stage it starts from, by its place among all
  std::span<const dockerfile::Instruction> body;  // without FROM
};

// At least one if the file has instructions: the first contains what is above the first FROM, if there is
// such.
const std::vector<WrittenStage>& written_stages(lint::Dockerfile& dockerfile);

// Whether the build has a named context of that name: it counts for more than a stage.
bool is_named_context(lint::Dockerfile& dockerfile, std::string_view name);

// The stage that contains a RUN, by its place.
size_t stage_of(const std::vector<WrittenStage>& stages, const lint::Run& run);

// For each stage whether its layers reach an image: it is the last one, or one that ships starts from it.
std::vector<bool> stages_that_ship(const std::vector<WrittenStage>& stages);

// Reports each instruction of the keyword that a later one of its stage takes the place of, at the later one.
void report_repeated(lint::Dockerfile& dockerfile, lint::Reporter& reporter, dockerfile::Keyword keyword);

// What ONBUILD carries, or the instruction itself.
const dockerfile::Instruction& carried(const dockerfile::Instruction& instruction);

// A word without the quotes around it.
std::string_view unquoted(std::string_view word);

// Whether a path is absolute, for Linux or Windows, or begins with a variable, so that it may be.
bool may_be_absolute(std::string_view path);

}  // namespace dcache::rules
