// Tables of what can be asked about a text and answered at once: one row for each method of the protocol.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "dcache/lsp/answer.h"
#include "dcache/lsp/client.h"
#include "dcache/lsp/document.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// What all of them are asked with.
struct TextRequest {
  const Document& document;
  const Client& client;
  const Positions& positions;
  const nlohmann::json& params;

  const editor::Workspace& workspace() const { return document.folder->workspace; }
  // Of the member "position", and of "range". Throw nlohmann::json::exception if it is missing or malformed.
  uint32_t offset() const { return positions.offset_of(place_from(params.at("position"))); }
  text::Span range() const { return positions.span_of(params.at("range")); }
};

template <typename Request>
struct Feature {
  std::string_view method;
  // May throw nlohmann::json::exception for parameters that do not follow the protocol.
  Answer (*answer)(const Request&);
};

// Null for a method that the table does not have.
template <typename Request>
const Feature<Request>* find_feature(std::span<const Feature<Request>> features, std::string_view method) {
  const auto found = std::ranges::find(features, method, &Feature<Request>::method);
  return found == features.end() ? nullptr : &*found;
}

}  // namespace dcache::lsp
