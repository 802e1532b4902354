// The colors of a Dockerfile: what each stretch of it is.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// The names that tokens count in: the protocol's SemanticTokensLegend.
nlohmann::json token_legend();

// The tokens of a stretch of the text as the protocol writes them: five numbers each, relative to the token
// before. None goes over a line end, and none overlaps another.
std::vector<uint32_t> semantic_tokens(const editor::Workspace::ParsedDockerfile& parsed, text::Span range,
                                      const Positions& positions);

}  // namespace dcache::lsp
