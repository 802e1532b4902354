// Whether each instruction of a parsed file is well formed: number of arguments, flags and their values,
// stage names. It is what the builder verifies before it looks at stages or files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dcache/dockerfile/file.h"

namespace dcache::dockerfile {

// What is wrong and what to do about it.
struct Complaint {
  std::string message;
  std::string remedy;
  Span span;
};

// Why a builder refuses one instruction, wherever it is; nothing if it does not.
std::optional<Complaint> check_instruction(const Instruction& instruction);

// Appends an error of Phase::kInstruction for each instruction that a builder refuses.
void check_instructions(const File& file, std::vector<Error>& errors);

// Whether the file is a template that a Dockerfile is made from: a tag such as `{{ if }}` or `{% for %}`
// is where an instruction should, or in a part without FROM.
bool is_template(const File& file);

}  // namespace dcache::dockerfile
