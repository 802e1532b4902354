// The programs that really run in RUN instructions, looked up by name: after `sudo`, `env A=b`, `nice`,
// `timeout` and others, with or without their folder, and in the text of `sh -c`. For our own rules;
// hadolint's catalogue uses calls.h.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

struct Invocation {
  const lint::Run* run = nullptr;
  const shell::Command* command = nullptr;
  std::span<const shell::Word> words;  // the program first
  std::string_view program;            // without its folder

  std::span<const shell::Word> arguments() const { return words.subspan(1); }
  // Whether an argument reads so.
  bool has(std::string_view word) const { return shell::has_word(arguments(), word); }
  // Whether an option is given: a letter, as in `-k` or `-sSk`, or a long name without its hyphens.
  bool has_option(std::initializer_list<std::string_view> names) const;
};

// In the order of the file. Lives as long as `dockerfile`.
std::span<const Invocation> invocations_of(lint::Dockerfile& dockerfile, std::string_view program);
// Of all programs, sorted by their names.
std::span<const Invocation> all_invocations(lint::Dockerfile& dockerfile);

// A command as a message names it: as it is written if that is short, or else its program.
std::string_view short_form(const shell::Command& command);

}  // namespace dcache::rules
