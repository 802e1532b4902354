// How far BuildKit gets with a file, and the order in which it goes through the instructions: its checks
// report what it sees until it gives up.
#pragma once

#include <span>
#include <vector>

#include "dcache/lint/rule.h"
#include "dcache/lint/subject.h"

namespace dcache::rules {

// An instruction as a stage takes it.
struct Dispatched {
  const dockerfile::Instruction* instruction = nullptr;
  const dockerfile::Instruction* place =
      nullptr;       // the same, or the FROM that lets a trigger of its base run
  size_t stage = 0;  // in the graph
};

// The instructions in front of the first that can't be read; none if the text can't be split at all.
std::span<const dockerfile::Instruction> readable_instructions(lint::Subject& subject);

// The FROMs up to the first that can't be resolved, that one included; none if an instruction can't be read.
const std::vector<const dockerfile::Instruction*>& resolved_froms(lint::Subject& subject);

// What all stages take, in order, in front of the first instruction that can't be planned; nothing if a FROM
// can't.
const std::vector<Dispatched>& dispatched(lint::Subject& subject);

// A port of EXPOSE.
struct ExposedPort {
  const Dispatched* at = nullptr;
  const dockerfile::Word* word = nullptr;
  std::string_view port;  // the word as the builder takes it, or one of several in a variable

  // Whether it is written here as it is taken, so that a fix can change it.
  bool can_be_mended() const { return port == word->text && at->place == at->instruction; }
};
std::vector<ExposedPort> exposed_ports(lint::Subject& subject);

}  // namespace dcache::rules
