// How far BuildKit gets with a file, and the order in which it goes through the instructions: its checks
// report what it sees until it gives up.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "dcache/lint/dockerfile.h"
#include "dcache/lint/rule.h"

namespace dcache::rules {

// An instruction as a stage takes it.
struct DispatchedInstruction {
  const dockerfile::Instruction* instruction = nullptr;
  const dockerfile::Instruction* place =
      nullptr;       // the same, or the FROM that lets a trigger of its base run
  size_t stage = 0;  // in the graph
};

// Whether a check shall answer as BuildKit does even where that is known to be of no use: in its profile, and
// where everything is asked for.
bool answers_as_buildkit(const lint::Dockerfile& dockerfile);

// The instructions before the first that can't be read; none if the text can't be split at all.
std::span<const dockerfile::Instruction> readable_instructions(lint::Dockerfile& dockerfile);
// The same with the first that can't be read: some checks look at it before it is refused.
std::span<const dockerfile::Instruction> examined_instructions(lint::Dockerfile& dockerfile);

// All FROMs; none if an instruction can't be read.
std::vector<const dockerfile::Instruction*> read_froms(lint::Dockerfile& dockerfile);
// Those whose base image BuildKit looks at: up to the first that can't be resolved, that one included.
std::vector<const dockerfile::Instruction*> resolved_froms(lint::Dockerfile& dockerfile);
// Those whose platform it looks at: without one whose base image is refused.
std::vector<const dockerfile::Instruction*> froms_with_platform(lint::Dockerfile& dockerfile);

// What all stages take, in order, before the first instruction that can't be planned; nothing if a FROM
// can't.
const std::vector<DispatchedInstruction>& dispatched(lint::Dockerfile& dockerfile);
// That first instruction, and why it can't; null where BuildKit gets to the end, or does not get to any.
struct FailingInstruction {
  DispatchedInstruction at;
  const plan::Error* error = nullptr;
};
const FailingInstruction* failing_instruction(lint::Dockerfile& dockerfile);

// A finding about an instruction, where BuildKit reports it.
lint::Diagnostic& report_at(lint::Reporter& reporter, const DispatchedInstruction& one, std::string message,
                            std::string remedy);
// The same of a finding that was reported at `one.place`.
lint::Diagnostic& at_place(const DispatchedInstruction& one, lint::Diagnostic& reported);

// A port of EXPOSE. Of one that fails those that are looked at before.
struct ExposedPort {
  const DispatchedInstruction* at = nullptr;
  const dockerfile::Word* word = nullptr;
  std::string_view port;  // the word as the builder takes it, or one of several in a variable

  // Whether it is written here as it is taken, so that a fix can change it.
  bool can_be_fixed() const { return port == word->text && at->place == at->instruction; }
};
std::vector<ExposedPort> exposed_ports(lint::Dockerfile& dockerfile);

}  // namespace dcache::rules
