// What system the stages of a Dockerfile run, as far as the names of their base images and their platforms
// tell.
#pragma once

#include <cstddef>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// Whether a stage starts from an image of Windows.
bool runs_windows(const plan::Graph& graph, size_t stage);

// Whether it does, or may: another stage of the file runs Windows, and its base image is not known, or has
// variants for Windows too.
bool may_run_windows(lint::Dockerfile& dockerfile, size_t stage);

// Whether its C library is musl, and not glibc.
bool has_musl(const plan::Graph& graph, size_t stage);

// Whether the folders below /usr of its image are known to have mode 0755.
bool has_usual_modes(const plan::Graph& graph, size_t stage);

// The image that a stage starts from, over all stages; empty for none.
std::string_view base_image_in(const plan::Graph& graph, size_t stage);

}  // namespace dcache::rules
