// Stages that start `FROM scratch`, and what is surely not in them.
#pragma once

#include <span>
#include <string_view>

#include "rules/stages.h"

namespace dcache::rules {

// Whether a stage starts from nothing, and no COPY, ADD or RUN can have brought a file in one of the folders
// when `instruction`, which is one of its own, needs it: RUN at once, others when the container starts. Paths
// that are not known count as those that bring it.
bool is_surely_missing(lint::Dockerfile& dockerfile, size_t stage, const dockerfile::Instruction& instruction,
                       std::span<const std::string_view> folders);

}  // namespace dcache::rules
