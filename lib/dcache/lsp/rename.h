// Other names for stages and variables.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// The name at an offset, if it can be changed: that of a stage, or of a variable that the file sets. The
// error is a sentence.
tl::expected<text::Span, std::string> renamed_span(const editor::Workspace::ParsedDockerfile& parsed,
                                                   uint32_t offset);

// The TextEdits that give what is at an offset another name, wherever the file names it. The error says why
// that name can't be had.
tl::expected<nlohmann::json, std::string> rename_edits(const editor::Workspace::ParsedDockerfile& parsed,
                                                       const Positions& positions, uint32_t offset,
                                                       const std::string& name);

}  // namespace dcache::lsp
