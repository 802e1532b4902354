// What Compose and bake refuse in the parts of a file that no build reads.
//
// Only forms are checked that both of them refuse. What Compose alone refuses, such as names that it does not
// know, may be newer than this, and bake takes it.
#pragma once

#include "dcache/project/compose_model.h"

namespace dcache::project {

// Adds a failure for each value of a document that has another form. Its services are maps, and its variables
// are replaced.
void check_compose_document(const yaml::Value& root, ComposeModel& model);

}  // namespace dcache::project
