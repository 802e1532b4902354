// What a selection grows to: a word, its flag or argument, the instruction, the stage, the file.
#pragma once

#include <cstdint>
#include <vector>

#include "dcache/editor/workspace.h"
#include "dcache/text/span.h"

namespace dcache::lsp {

// The stretches around an offset, the smallest first, each within the next. At least one: the whole text.
std::vector<text::Span> selections(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset);

}  // namespace dcache::lsp
