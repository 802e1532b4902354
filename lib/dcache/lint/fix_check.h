// The net under fixes: whether edits do to a Dockerfile what they say, and nothing else.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "dcache/dockerfile/file.h"
#include "dcache/lint/diagnostic.h"

namespace dcache::lint {

// What the edits of the fixes, made together, do to the instructions of `before` in addition to what the
// fixes say of themselves: an instruction that is gone, that has another keyword or another text though no
// edit touches it, one too many, a comment or a directive that is gone, or a text that a builder no longer
// reads. Nothing if they keep their word. `after` is `before` with all those edits made.
//
// The answer is words for a message: "line 4 (EXPOSE 80) would be gone".
std::optional<std::string> undeclared_effect(const dockerfile::File& before,
                                             std::span<const Fix* const> fixes,
                                             const dockerfile::File& after);

}  // namespace dcache::lint
