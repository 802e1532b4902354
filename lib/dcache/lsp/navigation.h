// Finding one's way in a Dockerfile: outline, definitions, references. All give the protocol's JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/occurrences.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// The name, as those of variables are spelled, that an offset is in or right after; empty for none.
text::Span name_at(std::string_view source, uint32_t offset);

nlohmann::json document_symbols(const editor::Workspace::ParsedDockerfile& parsed,
                                const Positions& positions);
nlohmann::json folding_ranges(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions);

// The ranges of what defines the stage or the variable at `offset`, and of all that names it.
std::vector<text::Span> definitions(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset);
std::vector<text::Span> references(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset,
                                   bool with_definitions);

// The stage that an offset is in: the number of FROMs above, less one; nothing above the first.
std::optional<size_t> stage_at(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset);

}  // namespace dcache::lsp
