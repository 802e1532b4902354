// What can be asked about a Dockerfile and answered at once: one row for each method of the protocol.
#pragma once

#include <span>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/answer.h"
#include "dcache/lsp/client.h"
#include "dcache/lsp/document.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

struct Request {
  const Document& document;
  const Client& client;
  const editor::Workspace::Parsed& parsed;
  const Positions& positions;
  const nlohmann::json& params;

  const editor::Workspace& workspace() const { return document.folder->workspace; }
  // Of the member "position", and of "range". Throw nlohmann::json::exception if it is missing or malformed.
  uint32_t offset() const;
  text::Span range() const;
};

struct Feature {
  std::string_view method;
  // May throw nlohmann::json::exception for parameters that do not follow the protocol.
  Answer (*answer)(const Request&);
};

std::span<const Feature> dockerfile_features();

}  // namespace dcache::lsp
