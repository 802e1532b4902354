#include "rules/dispatch.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

const plan::Error* first_error_of_from(lint::Subject& subject) {
  const auto instructions = subject.file().instructions();
  const auto& errors = subject.graph().errors;
  const auto found = std::ranges::find_if(errors, [&](const plan::Error& error) {
    const auto at = std::ranges::lower_bound(instructions, error.line, {}, &Instruction::start_line);
    return at != instructions.end() && (at->keyword == Keyword::kFrom || error.before_steps);
  });
  return found == errors.end() ? nullptr : &*found;
}

void dispatch_stage(const plan::Graph& graph, const plan::Stage& stage, std::span<const Instruction> body,
                    std::vector<Dispatched>& out) {
  if (stage.base_stage) {
    for (const Instruction* trigger : graph.stages[*stage.base_stage].onbuild)
      out.push_back({trigger, stage.from, stage.index});
  }
  for (const Instruction& instruction : body)
    out.push_back({&instruction, &instruction, stage.index});
}

std::vector<Dispatched> dispatch_all(lint::Subject& subject) {
  std::vector<Dispatched> all;
  if (!subject.file().errors().empty() || first_error_of_from(subject) != nullptr) return all;
  const plan::Graph& graph = subject.graph();
  const auto instructions = subject.file().instructions();
  for (const plan::Stage& stage : graph.stages) {
    const auto begin = static_cast<size_t>(stage.from - instructions.data()) + 1;
    const size_t end = stage.index + 1 < graph.stages.size()
                           ? static_cast<size_t>(graph.stages[stage.index + 1].from - instructions.data())
                           : instructions.size();
    dispatch_stage(graph, stage, instructions.subspan(begin, end - begin), all);
  }
  if (graph.errors.empty()) return all;
  const uint32_t stop = graph.errors.front().line;
  all.erase(
      std::ranges::find_if(all, [&](const Dispatched& one) { return one.instruction->start_line == stop; }),
      all.end());
  return all;
}

std::vector<const Instruction*> find_resolved_froms(lint::Subject& subject) {
  std::vector<const Instruction*> froms;
  if (!subject.file().errors().empty()) return froms;
  const plan::Error* error = first_error_of_from(subject);
  for (const Instruction& instruction : subject.file().instructions()) {
    if (instruction.keyword != Keyword::kFrom) continue;
    froms.push_back(&instruction);
    if (error != nullptr && instruction.start_line == error->line) break;
  }
  return froms;
}

}  // namespace

std::span<const Instruction> readable_instructions(lint::Subject& subject) {
  const dockerfile::File& file = subject.file();
  if (file.first_error(dockerfile::Error::Phase::kSyntax) != nullptr) return {};
  const dockerfile::Error* error = file.first_error(dockerfile::Error::Phase::kInstruction);
  if (error == nullptr) return file.instructions();
  const auto stop = std::ranges::find_if(file.instructions(), [&](const Instruction& instruction) {
    return instruction.span.end > error->span.begin;
  });
  return file.instructions().first(static_cast<size_t>(stop - file.instructions().begin()));
}

const std::vector<const Instruction*>& resolved_froms(lint::Subject& subject) {
  struct Froms {
    std::vector<const Instruction*> list;
  };
  return subject.shared<Froms>([&] { return Froms{find_resolved_froms(subject)}; }).list;
}

const std::vector<Dispatched>& dispatched(lint::Subject& subject) {
  struct All {
    std::vector<Dispatched> list;
  };
  return subject.shared<All>([&] { return All{dispatch_all(subject)}; }).list;
}

std::vector<ExposedPort> exposed_ports(lint::Subject& subject) {
  std::vector<ExposedPort> ports;
  for (const Dispatched& one : dispatched(subject)) {
    if (one.instruction->keyword != Keyword::kExpose) continue;
    for (const dockerfile::Word& word : one.instruction->arguments) {
      std::string_view text = subject.graph().text_of(word);
      while (!(text = text::trim_left(text)).empty()) {
        const size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
        ports.push_back({&one, &word, text.substr(0, end)});
        text.remove_prefix(end);
      }
    }
  }
  return ports;
}

}  // namespace dcache::rules
