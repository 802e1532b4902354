#include "dcache/lsp/features.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "dcache/lsp/completion.h"
#include "dcache/lsp/fixes.h"
#include "dcache/lsp/formatting.h"
#include "dcache/lsp/links.h"
#include "dcache/lsp/navigation.h"
#include "dcache/lsp/rename.h"
#include "dcache/lsp/selection.h"
#include "dcache/lsp/semantic_tokens.h"
#include "dcache/lsp/signature.h"
#include "dcache/text/json.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;

Answer symbols(const DockerfileRequest& request) {
  return document_symbols(request.parsed, request.positions);
}

Answer folds(const DockerfileRequest& request) {
  return folding_ranges(request.parsed, request.positions);
}

Answer format(const DockerfileRequest& request) {
  const auto size = static_cast<uint32_t>(request.positions.text().size());
  return formatting(request.parsed, request.positions, {0, size});
}

Answer format_range(const DockerfileRequest& request) {
  return formatting(request.parsed, request.positions, request.range());
}

Answer format_typed(const DockerfileRequest& request) {
  const json& options = request.params.at("options");
  const uint64_t width = text::whole_number(options.at("tabSize"), 16);
  return typed_formatting(request.parsed, request.positions, request.offset(), static_cast<uint32_t>(width));
}

Answer links(const DockerfileRequest& request) {
  const std::string folder = request.workspace().context_of(request.document.path);
  return document_links(request.parsed, request.positions, folder, *request.workspace().files_inside());
}

json locations(const DockerfileRequest& request, const std::vector<Span>& spans) {
  json all = json::array();
  for (const Span span : spans)
    all.push_back({{"uri", request.document.uri}, {"range", request.positions.range_of(span)}});
  return all;
}

Answer definition(const DockerfileRequest& request) {
  return locations(request, definitions(request.parsed, request.offset()));
}

Answer all_references(const DockerfileRequest& request) {
  const bool with_definitions = request.params.at("context").at("includeDeclaration");
  return locations(request, references(request.parsed, request.offset(), with_definitions));
}

// Where it is set counts as writing, all else as reading.
Answer highlights(const DockerfileRequest& request) {
  constexpr int kRead = 2;
  constexpr int kWrite = 3;
  json all = json::array();
  for (const Occurrence& one : same_occurrences(request.parsed, request.offset()))
    all.push_back({{"range", request.positions.range_of(one.span)}, {"kind", one.defines ? kWrite : kRead}});
  return all;
}

Answer complete(const DockerfileRequest& request) {
  return completions(request.parsed, request.offset(), request.positions,
                     request.workspace().context_of(request.document.path),
                     *request.workspace().files_inside(), request.client.snippets);
}

Answer prepare_rename(const DockerfileRequest& request) {
  const auto span = renamed_span(request.parsed, request.offset());
  if (!span) return refused(Code::kFailed, span.error());
  return json{{"range", request.positions.range_of(*span)},
              {"placeholder", span->of(request.positions.text())}};
}

Answer rename(const DockerfileRequest& request) {
  const std::string name = request.params.at("newName");
  auto edits = rename_edits(request.parsed, request.positions, request.offset(), name);
  if (!edits) return refused(Code::kFailed, edits.error());
  return edit_of(request.document, std::move(*edits), request.client);
}

json tokens(const DockerfileRequest& request, Span range) {
  return {{"data", semantic_tokens(request.parsed, range, request.positions)}};
}

Answer all_tokens(const DockerfileRequest& request) {
  return tokens(request, {0, static_cast<uint32_t>(request.positions.text().size())});
}

Answer tokens_of_range(const DockerfileRequest& request) {
  return tokens(request, request.range());
}

Answer signature(const DockerfileRequest& request) {
  return signature_help(request.parsed, request.offset());
}

// A chain from the innermost stretch to the whole text, for each of the positions.
Answer selection_ranges(const DockerfileRequest& request) {
  json all = json::array();
  for (const json& position : request.params.at("positions")) {
    const uint32_t offset = request.positions.offset_of(place_from(position));
    all.push_back(selection_chain(selections(request.parsed, offset), request.positions));
  }
  return all;
}

}  // namespace

std::span<const Feature<DockerfileRequest>> dockerfile_features() {
  static constexpr Feature<DockerfileRequest> kFeatures[] = {
      {"textDocument/documentSymbol", symbols},
      {"textDocument/foldingRange", folds},
      {"textDocument/selectionRange", selection_ranges},
      {"textDocument/formatting", format},
      {"textDocument/rangeFormatting", format_range},
      {"textDocument/onTypeFormatting", format_typed},
      {"textDocument/documentLink", links},
      {"textDocument/definition", definition},
      {"textDocument/references", all_references},
      {"textDocument/documentHighlight", highlights},
      {"textDocument/prepareRename", prepare_rename},
      {"textDocument/rename", rename},
      {"textDocument/semanticTokens/full", all_tokens},
      {"textDocument/semanticTokens/range", tokens_of_range},
      {"textDocument/signatureHelp", signature},
      {"textDocument/completion", complete},
  };
  return kFeatures;
}

}  // namespace dcache::lsp
