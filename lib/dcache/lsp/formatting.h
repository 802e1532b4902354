// The layout of a Dockerfile as an editor changes it: all of it, a part, or a line that was just typed.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// The TextEdits of dockerfile::format_edits() that are within a range.
nlohmann::json formatting(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions,
                          text::Span range);

// Those for a line end that was typed: the line above is formatted, and if it continues on the new line, that
// is indented as the one above it is, or by `indent` spaces.
nlohmann::json typed_formatting(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions,
                                uint32_t offset, uint32_t indent);

}  // namespace dcache::lsp
