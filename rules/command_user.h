// Who runs a command of a RUN where that is not the user of the step.
#pragma once

#include <optional>
#include <string_view>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

struct CommandUser {
  std::string_view name;         // as written: "app", "1000:1000"
  bool keeps_variables = false;  // those of the step except HOME
};

// The user that `sudo`, `gosu` or `su-exec` before the command, or of the `sh -c` that it is in, runs it
// as; nothing where the user of the step runs it.
std::optional<CommandUser> other_user(const plan::Step& step, const lint::Run& run,
                                      const shell::Command& command);

}  // namespace dcache::rules
