// Findings as an editor shows them, and what it can do about them. All give the protocol's JSON.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/client.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

nlohmann::json diagnostics_of(const editor::Workspace::LintAnswer& linted, const Positions& positions);
// A file that a fix writes, as it is now.
struct FileState {
  std::optional<OpenText> open;     // nothing if the client does not have it open
  bool exists = false;              // or is open
  std::optional<std::string> text;  // nothing if it can't be read
};
using StateOf = std::function<FileState(const std::string& path)>;
// Quick fixes for the findings that touch `range`: their own fix, and a comment that silences them.
nlohmann::json code_actions(const editor::Workspace::LintAnswer& linted, text::Span range,
                            const Positions& positions, const OpenText& open, const Client& client,
                            const StateOf& state_of);

// A WorkspaceEdit of one text; `changes` are TextEdits.
nlohmann::json edit_of(const OpenText& open, nlohmann::json changes, const Client& client);

// The TextEdits that make one text of another, as one replacement of what differs.
nlohmann::json replacement(const Positions& before, std::string_view after);

}  // namespace dcache::lsp
