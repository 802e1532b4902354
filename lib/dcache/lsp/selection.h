// What a selection grows to: a word, its flag or argument, the instruction, the stage, the file.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"
#include "dcache/text/span.h"

namespace dcache::lsp {

// The stretches around an offset, the smallest first, each within the next. At least one: the whole text.
std::vector<text::Span> selections(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset);

// Those of some stretches that touch an offset, in that order.
std::vector<text::Span> nested_spans(std::vector<text::Span> all, uint32_t offset);

// The protocol's SelectionRange of such stretches.
nlohmann::json selection_chain(const std::vector<text::Span>& spans, const Positions& positions);

}  // namespace dcache::lsp
