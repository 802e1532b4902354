// What the rules of hadolint's catalogue have in common.
#pragma once

#include <string_view>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// Whether a rule shall answer as hadolint does even where that is known to be wrong: in hadolint's profile,
// and where the rule is selected by its code.
bool answers_as_hadolint(const lint::Dockerfile& dockerfile, std::string_view code);

}  // namespace dcache::rules
