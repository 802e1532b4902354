// The entries of `attest`, `output`, `secret` and `ssh`: texts as options have them, or objects.
// Source: https://docs.docker.com/build/bake/reference/#targetattest
#pragma once

#include <string_view>

#include "dcache/project/hcl/value.h"

namespace dcache::project::bake {

// Throws an hcl::Error for a list with an entry that buildx refuses. What is not known of it is taken.
void check_entries(std::string_view attribute, const hcl::Value& entries);

}  // namespace dcache::project::bake
