// The documentation of what is under the cursor in a Dockerfile: an instruction, a flag or its value, an
// option of a mount, a directive, a variable or a stage.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/keyword.h"
#include "dcache/editor/help.h"
#include "dcache/editor/workspace.h"
#include "dcache/text/span.h"

namespace dcache::lsp {

struct WordHelp {
  std::string markdown;
  text::Span span;
  bool keyword = false;  // the name of an instruction: what is about its whole step is more to the point
};

std::optional<WordHelp> word_help(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset);

// The texts about a flag and what it contains, the most special one last: "RUN --mount",
// "RUN --mount=type=cache", "RUN --mount,sharing". `option` is the part of its value between two commas; for
// `value` the value of that is meant, if there is a text about it.
const editor::Help* flag_help(dockerfile::Keyword keyword, std::string_view flag);
const editor::Help* mount_help(std::string_view option, bool value);

}  // namespace dcache::lsp
