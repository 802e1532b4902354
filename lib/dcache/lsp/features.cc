#include "dcache/lsp/features.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "dcache/lsp/completion.h"
#include "dcache/lsp/fixes.h"
#include "dcache/lsp/navigation.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;

Answer symbols(const Request& request) {
  return document_symbols(request.parsed, request.positions);
}

Answer folds(const Request& request) {
  return folding_ranges(request.parsed, request.positions);
}

Answer format(const Request& request) {
  return formatting(request.parsed, request.positions);
}

Answer links(const Request& request) {
  const std::string folder = request.workspace().context_of(request.document.path);
  return document_links(request.parsed, request.positions, folder, *request.workspace().files());
}

json locations(const Request& request, const std::vector<Span>& spans) {
  json all = json::array();
  for (const Span span : spans)
    all.push_back({{"uri", request.document.uri}, {"range", request.positions.range_of(span)}});
  return all;
}

Answer definition(const Request& request) {
  return locations(request, definitions(request.parsed, request.offset()));
}

Answer all_references(const Request& request) {
  const bool with_definitions = request.params.at("context").at("includeDeclaration");
  return locations(request, references(request.parsed, request.offset(), with_definitions));
}

Answer highlights(const Request& request) {
  json all = json::array();
  for (const Span span : references(request.parsed, request.offset(), true))
    all.push_back({{"range", request.positions.range_of(span)}});
  return all;
}

Answer complete(const Request& request) {
  return completions(request.parsed, request.offset(), request.positions,
                     request.workspace().context_of(request.document.path), *request.workspace().files());
}

}  // namespace

uint32_t Request::offset() const {
  return positions.offset_of(place_from(params.at("position")));
}

Span Request::range() const {
  return positions.span_of(params.at("range"));
}

std::span<const Feature> dockerfile_features() {
  static constexpr Feature kFeatures[] = {
      {"textDocument/documentSymbol", symbols},
      {"textDocument/foldingRange", folds},
      {"textDocument/formatting", format},
      {"textDocument/documentLink", links},
      {"textDocument/definition", definition},
      {"textDocument/references", all_references},
      {"textDocument/documentHighlight", highlights},
      {"textDocument/completion", complete},
  };
  return kFeatures;
}

}  // namespace dcache::lsp
