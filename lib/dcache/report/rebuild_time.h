// How long the steps take that rebuild, by the builds that `dcache log --remember` kept.
#pragma once

#include <string>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/observe/durations.h"

namespace dcache::report {

// "4.2 s", "45 s", "2 min 10 s", "1 h 5 min".
std::string duration_words(double seconds);

// "about 2 min 10 s by the last build", or "at least …" if some of the steps that surely rebuild were not
// kept; empty if none of them was.
std::string rebuild_time(const cache::Build& build, const cache::Report& report,
                         const observe::Durations& durations);

}  // namespace dcache::report
