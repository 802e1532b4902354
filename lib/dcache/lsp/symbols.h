// What a workspace contains: the images that it builds, and the stages of their Dockerfiles.
#pragma once

#include <set>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// The protocol's SymbolInformation of those whose name has the characters of `query` in their order, in any
// letter case. `root` is a folder of the workspace; `dockerfiles` are some that are known to be there.
nlohmann::json workspace_symbols(const editor::Workspace& workspace, const std::string& root,
                                 const std::set<std::string>& dockerfiles, const std::string& query,
                                 Encoding encoding);

}  // namespace dcache::lsp
