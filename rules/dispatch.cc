#include "rules/dispatch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

using Phase = plan::Error::Phase;

// The error that BuildKit stops at when it checks all stages. It runs no triggers of stages that the target
// does not need. What hangs on an argument that the build may be given stops only BuildKit's own check.
const plan::Error* first_error(lint::Dockerfile& dockerfile) {
  const plan::Graph& graph = dockerfile.graph();
  const bool as_buildkit = answers_as_buildkit(dockerfile);
  const plan::Error* first = nullptr;
  for (const plan::Error& error : graph.errors) {
    const bool of_image = error.phase == Phase::kStages || error.phase == Phase::kImages;
    const bool unseen = (error.phase == Phase::kTriggers && !graph.is_reached(error)) ||
                        (error.open && of_image && !as_buildkit);
    if (!unseen && (first == nullptr || error.phase < first->phase)) first = &error;
  }
  return first;
}

void dispatch_stage(const plan::Graph& graph, const plan::Stage& stage, std::span<const Instruction> body,
                    std::vector<DispatchedInstruction>& out) {
  if (stage.base_stage) {
    for (const Instruction* trigger : graph.stages[*stage.base_stage].onbuild)
      out.push_back({trigger, stage.from, stage.index});
  }
  for (const Instruction& instruction : body)
    out.push_back({&instruction, &instruction, stage.index});
}

struct Dispatch {
  std::vector<DispatchedInstruction> before;
  std::optional<FailingInstruction> failing;
};

Dispatch dispatch_all(lint::Dockerfile& dockerfile) {
  Dispatch dispatch;
  std::vector<DispatchedInstruction>& all = dispatch.before;
  const plan::Error* const error = first_error(dockerfile);
  const bool stops_before = error != nullptr && error->phase < Phase::kSteps;
  if (!dockerfile.file().errors().empty() || stops_before) return dispatch;
  const plan::Graph& graph = dockerfile.graph();
  const auto instructions = dockerfile.file().instructions();
  for (const plan::Stage& stage : graph.stages) {
    const auto begin = static_cast<size_t>(stage.from - instructions.data()) + 1;
    const size_t end = stage.index + 1 < graph.stages.size()
                           ? static_cast<size_t>(graph.stages[stage.index + 1].from - instructions.data())
                           : instructions.size();
    dispatch_stage(graph, stage, instructions.subspan(begin, end - begin), all);
  }
  if (error == nullptr) return dispatch;
  const auto stop = std::ranges::find_if(all, [&](const DispatchedInstruction& one) {
    return one.stage == error->stage && one.instruction->start_line == error->line;
  });
  if (stop == all.end()) return dispatch;
  dispatch.failing = FailingInstruction{*stop, error};
  all.erase(stop, all.end());
  return dispatch;
}

const Dispatch& dispatch_of(lint::Dockerfile& dockerfile) {
  return dockerfile.shared<Dispatch>([&] { return dispatch_all(dockerfile); });
}

// The FROMs up to the one that an error is about, that one included.
std::vector<const Instruction*> froms_up_to(lint::Dockerfile& dockerfile, const plan::Error* error) {
  std::vector<const Instruction*> froms = read_froms(dockerfile);
  if (error == nullptr || error->phase > Phase::kStages) return froms;
  if (error->phase == Phase::kArguments) return {};
  const auto stop = std::ranges::find(froms, error->line, &Instruction::start_line);
  if (stop != froms.end()) froms.erase(stop + 1, froms.end());
  return froms;
}

// Whether an EXPOSE looks at a port before it refuses it: only a protocol that it does not know stops it.
bool is_looked_at(std::string_view port) {
  const size_t slash = port.find('/', port.rfind(':') + 1);
  if (slash == std::string_view::npos) return true;
  const std::string protocol = text::to_lower(port.substr(slash + 1));
  return protocol.empty() || protocol == "tcp" || protocol == "udp" || protocol == "sctp";
}

void add_ports(const plan::Graph& graph, const DispatchedInstruction& one, const dockerfile::Word& word,
               std::vector<ExposedPort>& ports) {
  std::string_view text = graph.text_of(word);
  while (!(text = text::trim_left(text)).empty()) {
    const size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    ports.push_back({&one, &word, text.substr(0, end)});
    text.remove_prefix(end);
  }
}

// BuildKit sorts the ports before it looks at them.
void add_ports_before_failure(lint::Dockerfile& dockerfile, const FailingInstruction& failing,
                              std::vector<ExposedPort>& ports) {
  std::vector<const dockerfile::Word*> words;
  for (const dockerfile::Word& word : failing.at.instruction->arguments)
    words.push_back(&word);
  std::ranges::stable_sort(words, {}, [](const dockerfile::Word* word) { return word->text; });
  for (const dockerfile::Word* word : words) {
    const bool fails = word->span == failing.error->span;
    if (fails && !is_looked_at(dockerfile.graph().text_of(*word))) return;
    add_ports(dockerfile.graph(), failing.at, *word, ports);
    if (fails) return;
  }
}

}  // namespace

bool answers_as_buildkit(const lint::Dockerfile& dockerfile) {
  const lint::Profile profile = dockerfile.config().profile;
  return profile == lint::Profile::kBuildkit || profile == lint::Profile::kAll;
}

std::span<const Instruction> readable_instructions(lint::Dockerfile& dockerfile) {
  const dockerfile::File& file = dockerfile.file();
  if (file.first_error(dockerfile::Error::Phase::kSyntax) != nullptr) return {};
  const dockerfile::Error* error = file.first_error(dockerfile::Error::Phase::kInstruction);
  if (error == nullptr) return file.instructions();
  const auto stop = std::ranges::find_if(file.instructions(), [&](const Instruction& instruction) {
    return instruction.span.end > error->span.begin;
  });
  return file.instructions().first(static_cast<size_t>(stop - file.instructions().begin()));
}

std::span<const Instruction> examined_instructions(lint::Dockerfile& dockerfile) {
  const auto readable = readable_instructions(dockerfile);
  const auto all = dockerfile.file().instructions();
  const bool whole = readable.size() == all.size() ||
                     dockerfile.file().first_error(dockerfile::Error::Phase::kSyntax) != nullptr;
  return whole ? readable : all.first(readable.size() + 1);
}

std::vector<const Instruction*> read_froms(lint::Dockerfile& dockerfile) {
  std::vector<const Instruction*> froms;
  if (!dockerfile.file().errors().empty()) return froms;
  for (const plan::Stage& stage : dockerfile.graph().stages)
    froms.push_back(stage.from);
  return froms;
}

std::vector<const Instruction*> resolved_froms(lint::Dockerfile& dockerfile) {
  return froms_up_to(dockerfile, first_error(dockerfile));
}

std::vector<const Instruction*> froms_with_platform(lint::Dockerfile& dockerfile) {
  const plan::Error* const error = first_error(dockerfile);
  std::vector<const Instruction*> froms = froms_up_to(dockerfile, error);
  const bool base_refused = !froms.empty() && error != nullptr && error->phase == Phase::kStages &&
                            !froms.back()->arguments.empty() &&
                            error->span == froms.back()->arguments.front().span;
  if (base_refused) froms.pop_back();
  return froms;
}

const std::vector<DispatchedInstruction>& dispatched(lint::Dockerfile& dockerfile) {
  return dispatch_of(dockerfile).before;
}

const FailingInstruction* failing_instruction(lint::Dockerfile& dockerfile) {
  const auto& failing = dispatch_of(dockerfile).failing;
  return failing ? &*failing : nullptr;
}

lint::Diagnostic& report_at(lint::Reporter& reporter, const DispatchedInstruction& one, std::string message,
                            std::string remedy) {
  return at_place(one, reporter.report(one.place->span, std::move(message), std::move(remedy)));
}

lint::Diagnostic& at_place(const DispatchedInstruction& one, lint::Diagnostic& reported) {
  if (one.place != one.instruction) reported.decided_by = text::Span();
  return reported;
}

std::vector<ExposedPort> exposed_ports(lint::Dockerfile& dockerfile) {
  std::vector<ExposedPort> ports;
  for (const DispatchedInstruction& one : dispatched(dockerfile)) {
    if (one.instruction->keyword != Keyword::kExpose) continue;
    for (const dockerfile::Word& word : one.instruction->arguments)
      add_ports(dockerfile.graph(), one, word, ports);
  }
  const FailingInstruction* const failing = failing_instruction(dockerfile);
  if (failing != nullptr && failing->at.instruction->keyword == Keyword::kExpose)
    add_ports_before_failure(dockerfile, *failing, ports);
  return ports;
}

}  // namespace dcache::rules
