// What could come next in a Dockerfile: instructions, flags and their values, stages, variables and files of
// the context.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dcache/context/file_system.h"
#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// The protocol's CompletionItems for a cursor at `offset`. `folder` is the build context; `snippets` whether
// the client takes texts with places to fill in.
nlohmann::json completions(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset,
                           const Positions& positions, const std::string& folder,
                           const context::FileSystem& files, bool snippets);

}  // namespace dcache::lsp
