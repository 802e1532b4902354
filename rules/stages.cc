#include "rules/stages.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "dcache/text/unicode.h"
#include "rules/twins.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

std::vector<WrittenStage> split_stages(lint::Dockerfile& dockerfile) {
  const std::span<const Instruction> instructions = dockerfile.file().instructions();
  std::vector<WrittenStage> stages;
  std::unordered_map<std::string, size_t> by_name;  // the last of each, in lower case
  for (size_t i = 0; i < instructions.size(); ++i) {
    const Instruction& instruction = instructions[i];
    if (instruction.keyword == Keyword::kFrom) {
      WrittenStage stage;
      stage.from = &instruction;
      if (instruction.arguments.size() == 3) stage.name = instruction.arguments[2].text;
      const auto base = instruction.arguments.empty()
                            ? by_name.end()
                            : by_name.find(text::to_lower(instruction.arguments[0].text));
      // A named context hides the stage.
      if (base != by_name.end() && !is_named_context(dockerfile, instruction.arguments[0].text))
        stage.base = base->second;
      if (!stage.name.empty()) by_name[text::to_lower(stage.name)] = stages.size();
      stage.body = instructions.subspan(i + 1, 0);
      stages.push_back(stage);
    } else {
      if (stages.empty())
        stages.push_back({.from = nullptr, .name = {}, .base = {}, .body = instructions.first(0)});
      stages.back().body = {stages.back().body.data(), stages.back().body.size() + 1};
    }
  }
  return stages;
}

}  // namespace

bool is_named_context(lint::Dockerfile& dockerfile, std::string_view name) {
  const project::Image* image = dockerfile.image();
  return image != nullptr && image->build.plan.named_contexts.contains(std::string(name));
}

const std::vector<WrittenStage>& written_stages(lint::Dockerfile& dockerfile) {
  struct Stages {
    std::vector<WrittenStage> all;
  };
  return dockerfile.shared<Stages>([&] { return Stages{split_stages(dockerfile)}; }).all;
}

size_t stage_of(const std::vector<WrittenStage>& stages, const lint::Run& run) {
  const auto behind = std::ranges::upper_bound(
      stages, run.instruction->start_line, {},
      [](const WrittenStage& stage) { return stage.from == nullptr ? 0 : stage.from->start_line; });
  return static_cast<size_t>(behind - stages.begin()) - 1;
}

std::vector<bool> stages_that_ship(const std::vector<WrittenStage>& stages) {
  std::vector<bool> ships(stages.size());
  for (size_t i = stages.size(); i-- > 0;) {
    ships[i] = ships[i] || i + 1 == stages.size();
    if (ships[i] && stages[i].base) ships[*stages[i].base] = true;
  }
  return ships;
}

void report_repeated(lint::Dockerfile& dockerfile, lint::Reporter& reporter, Keyword keyword) {
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    const Instruction* first = nullptr;
    for (const Instruction& instruction : stage.body) {
      if (instruction.keyword != keyword) continue;
      if (first != nullptr) {
        report_replaced(reporter, instruction, keyword, first->start_line);
      }
      first = &instruction;
    }
  }
}

const Instruction& carried(const Instruction& instruction) {
  return instruction.onbuild != nullptr ? *instruction.onbuild : instruction;
}

std::string_view unquoted(std::string_view word) {
  const bool quoted =
      word.size() > 1 && (word.front() == '"' || word.front() == '\'') && word.back() == word.front();
  return quoted ? word.substr(1, word.size() - 2) : word;
}

bool may_be_absolute(std::string_view path) {
  if (path.starts_with('"') || path.starts_with('\'')) path.remove_prefix(1);
  if (path.starts_with('/') || path.starts_with('\\') || path.starts_with('$')) return true;
  const char drive = path.empty() ? '\0' : static_cast<char>(path.front() | 0x20);
  return path.size() > 1 && path[1] == ':' && drive >= 'a' && drive <= 'z';
}

}  // namespace dcache::rules
