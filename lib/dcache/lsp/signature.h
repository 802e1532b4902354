// How the instruction, or the flag, that is being written goes on.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"

namespace dcache::lsp {

// The protocol's SignatureHelp for a cursor at `offset`; null where nothing is known.
nlohmann::json signature_help(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset);

}  // namespace dcache::lsp
