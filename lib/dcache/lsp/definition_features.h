// What can be asked about a compose or bake file and answered at once.
#pragma once

#include <optional>
#include <span>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dcache/lsp/feature.h"
#include "dcache/lsp/mentions.h"

namespace dcache::lsp {

using DefinitionRequest = TextRequest;

std::span<const Feature<DefinitionRequest>> definition_features();

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
