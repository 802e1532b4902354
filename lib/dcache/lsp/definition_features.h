// What can be asked about a compose or bake file and answered at once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "dcache/lsp/answer.h"
#include "dcache/lsp/client.h"
#include "dcache/lsp/document.h"
#include "dcache/lsp/mentions.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

struct DefinitionRequest {
  const Document& document;
  const Client& client;
  const Positions& positions;
  const nlohmann::json& params;

  const editor::Workspace& workspace() const { return document.folder->workspace; }
};

struct DefinitionFeature {
  std::string_view method;
  // May throw nlohmann::json::exception for parameters that do not follow the protocol.
  Answer (*answer)(const DefinitionRequest&);
};

std::span<const DefinitionFeature> definition_features();

// The image that a mention is about, as it is built; nothing if the file can't be read so far.
std::optional<project::Image> image_of(const editor::Workspace& workspace, const std::string& path,
                                       const std::string& name);

// The protocol's Diagnostics: what can't be read of the file, what its images lack (a Dockerfile, a stage, a
// build argument), and which rules find fault with their Dockerfiles.
nlohmann::json definition_findings(const editor::Workspace& workspace, const std::string& path,
                                   const Positions& positions);

// The protocol's CompletionItems: keys, stages, build arguments, Dockerfiles, and names of images.
nlohmann::json definition_completions(const DefinitionRequest& request, uint32_t offset);

}  // namespace dcache::lsp
