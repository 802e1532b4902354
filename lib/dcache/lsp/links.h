// From what a Dockerfile names to where it is: files of the context, images of registries, URLs. Nothing is
// looked up on the network.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "dcache/context/file_system.h"
#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// The protocol's DocumentLinks: of base images, of sources of COPY and ADD in the context in `folder`, and of
// the URLs that ADD downloads.
nlohmann::json document_links(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions,
                              const std::string& folder, const context::FileSystem& files);

// The page of an image, "https://hub.docker.com/_/alpine"; empty if its registry has none that is known.
std::string page_of_image(std::string_view reference);

}  // namespace dcache::lsp
