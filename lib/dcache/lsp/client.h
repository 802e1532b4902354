// The other side of a language server: what it can do, what it has open, and what its user has set.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/settings.h"
#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// A text that the client has open.
struct OpenText {
  std::string uri;
  std::optional<int64_t> version = {};  // nothing for a client that counts none

  nlohmann::json identifier() const;  // the protocol's OptionalVersionedTextDocumentIdentifier
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
  bool shows_progress = false;    // window.workDoneProgress
  bool snippets = false;          // textDocument.completion.completionItem.snippetSupport
  // It asks for findings, and again when it is told to: textDocument.diagnostic, and
  // workspace.diagnostics.refreshSupport.
  bool pulls_findings = false;
};

// From the capabilities of an `initialize`.
Client read_client(const nlohmann::json& capabilities);
// Those of the server for such a client; `formats` whether its user wants texts formatted.
nlohmann::json capabilities_of(const Client& client, bool formats);

// What a user can set, in the section "dcache".
struct Settings {
  std::string since = "HEAD";  // empty: the state when the file was opened
  bool shellcheck = true;
  bool inlay_hints = true;
  bool code_lens = true;
  editor::Workspace::Options workspace;  // its context and configuration may be relative to the folder
};

// Takes over what has the right type; gives the names of what has not.
std::vector<editor::SettingsReader::WrongSetting> read_settings(const nlohmann::json& given,
                                                                Settings& settings);

}  // namespace dcache::lsp
