#include "dcache/lsp/client.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "dcache/lsp/semantic_tokens.h"

namespace dcache::lsp {

using nlohmann::json;

json OpenText::identifier() const {
  return {{"uri", uri}, {"version", version ? json(*version) : json()}};
}

std::vector<editor::SettingsReader::WrongSetting> read_settings(const json& given, Settings& settings) {
  editor::SettingsReader reader(given);
  reader.read("since", settings.since);
  reader.read("shellcheck", settings.shellcheck);
  reader.read("inlayHints", settings.inlay_hints);
  reader.read("codeLens", settings.code_lens);
  reader.read_workspace(settings.workspace);
  return reader.wrong();
}

Client read_client(const json& capabilities) {
  const auto at = [&](const char* pointer) {
    const json::json_pointer place(pointer);
    return capabilities.contains(place) ? capabilities.at(place) : json();
  };
  const auto has = [&](const char* pointer) { return at(pointer) == json(true); };
  const auto lists = [&](const char* pointer, const char* word) {
    const json list = at(pointer);
    return list.is_array() && std::ranges::find(list, json(word)) != list.end();
  };
  Client client;
  if (lists("/general/positionEncodings", "utf-8")) client.encoding = Encoding::kUtf8;
  client.versioned_edits = has("/workspace/workspaceEdit/documentChanges");
  client.creates_files = lists("/workspace/workspaceEdit/resourceOperations", "create");
  client.watches_files = has("/workspace/didChangeWatchedFiles/dynamicRegistration");
  client.refreshes_hints = has("/workspace/inlayHint/refreshSupport");
  client.refreshes_lenses = has("/workspace/codeLens/refreshSupport");
  client.asks_settings = has("/workspace/configuration");
  client.shows_progress = has("/window/workDoneProgress");
  client.snippets = has("/textDocument/completion/completionItem/snippetSupport");
  client.pulls_findings =
      at("/textDocument/diagnostic").is_object() && has("/workspace/diagnostics/refreshSupport");
  return client;
}

json capabilities_of(const Client& client, bool formats) {
  json capabilities = {
      {"positionEncoding", client.encoding == Encoding::kUtf8 ? "utf-8" : "utf-16"},
      {"textDocumentSync", {{"openClose", true}, {"change", 2}, {"save", true}}},
      {"codeActionProvider", {{"codeActionKinds", {"quickfix", "source.fixAll.dcache"}}}},
      {"hoverProvider", true},
      {"inlayHintProvider", true},
      {"codeLensProvider", {{"resolveProvider", false}}},
      {"documentSymbolProvider", true},
      {"workspaceSymbolProvider", true},
      {"foldingRangeProvider", true},
      {"selectionRangeProvider", true},
      {"definitionProvider", true},
      {"referencesProvider", true},
      {"documentHighlightProvider", true},
      {"renameProvider", {{"prepareProvider", true}}},
      {"semanticTokensProvider", {{"legend", token_legend()}, {"full", true}, {"range", true}}},
      {"signatureHelpProvider", {{"triggerCharacters", {" ", "-", "=", ",", "["}}}},
      {"completionProvider", {{"triggerCharacters", {"-", "=", ",", "$", "{", "/", "#", "\""}}}},
      {"documentLinkProvider", {{"resolveProvider", false}}},
      {"executeCommandProvider", {{"commands", {"dcache.note"}}}},
      {"workspace", {{"workspaceFolders", {{"supported", true}, {"changeNotifications", true}}}}}};
  if (client.pulls_findings) {
    capabilities["diagnosticProvider"] = {
        {"identifier", "dcache"}, {"interFileDependencies", true}, {"workspaceDiagnostics", false}};
  }
  if (formats) {
    capabilities["documentFormattingProvider"] = true;
    capabilities["documentRangeFormattingProvider"] = true;
    capabilities["documentOnTypeFormattingProvider"] = {{"firstTriggerCharacter", "\n"}};
  }
  return capabilities;
}

}  // namespace dcache::lsp
