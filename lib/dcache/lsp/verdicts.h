// What an editor shows of the cache: verdicts next to steps, above stages and under the cursor. All give the
// protocol's JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// After the first line of each step that is not surely reused: what becomes of it, and why. `range` is the
// part of the text that is asked for.
nlohmann::json inlay_hints(const editor::Workspace::ImageVerdicts& explained, text::Span range,
                           const Positions& positions);

// Above each stage: how many of its steps rebuild. `occasion` is since when.
nlohmann::json code_lenses(const editor::Workspace::ImageVerdicts& explained, const std::string& occasion,
                           const Positions& positions);

// Of the step at `offset`, in Markdown: its verdict, the steps it follows, its files and which of them
// changed. Empty if no step is there.
std::string step_help(const editor::Workspace::ImageVerdicts& explained, const std::string& occasion,
                      uint32_t offset);

// Of the findings at `offset`, in Markdown: what their rules are about. Empty if there are none.
std::string rule_help(const editor::Workspace::LintAnswer& linted, uint32_t offset);

}  // namespace dcache::lsp
