// Findings as an editor shows them, and what it can do about them. All give the protocol's JSON.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dcache/lsp/positions.h"
#include "dcache/workspace.h"

namespace dcache::lsp {

// A text that the client has open.
struct OpenText {
  std::string uri;
  int64_t version = 0;
};

// What the client can do, as far as answers depend on it.
struct Client {
  Encoding encoding = Encoding::kUtf16;
  bool versioned_edits = false;   // workspace.workspaceEdit.documentChanges
  bool creates_files = false;     // workspace.workspaceEdit.resourceOperations has "create"
  bool watches_files = false;     // workspace.didChangeWatchedFiles.dynamicRegistration
  bool refreshes_hints = false;   // workspace.inlayHint.refreshSupport
  bool refreshes_lenses = false;  // workspace.codeLens.refreshSupport
  bool asks_settings = false;     // workspace.configuration
};

nlohmann::json diagnostics_of(const Workspace::Linted& linted, const Positions& positions);
// Quick fixes for the findings that touch `range`: their own fix, and a comment that silences them.
nlohmann::json code_actions(const Workspace::Linted& linted, text::Span range, const Positions& positions,
                            const OpenText& open, const Client& client);

// A WorkspaceEdit of one text; `changes` are TextEdits.
nlohmann::json edit_of(const OpenText& open, nlohmann::json changes, const Client& client);

// The TextEdits that make one text of another, as one replacement of what differs.
nlohmann::json replacement(const Positions& before, std::string_view after);

// The edits that put the keywords of a Dockerfile into capitals, take white space off the ends of lines, and
// end the last one.
nlohmann::json formatting(const Workspace::Parsed& parsed, const Positions& positions);

}  // namespace dcache::lsp
