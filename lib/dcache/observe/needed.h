// What a record names and never starts. Internal to observe/.
#pragma once

#include <vector>

#include "dcache/observe/log.h"
#include "dcache/observe/name.h"

namespace dcache::observe {

// A record names all steps at first, and a build does not come to all of them.
//
// Two images whose contexts differ have a vertex each for the same step; if both turn out to do the same,
// BuildKit goes on with one of them. The other one is left out: the step is in the log under the name of the
// first. What was named for that other one alone was not needed, as all that needs it ended: its result was
// there, so such a step counts as reused. What is left was never come to: of a build that failed it is left
// out, and the record of any other build was cut.
//
// Inputs name the digest that a vertex of `vertices` is known by. Takes linear time.
void settle_unstarted(std::vector<Vertex>& vertices, const ImageNames& images, bool failed);

}  // namespace dcache::observe
