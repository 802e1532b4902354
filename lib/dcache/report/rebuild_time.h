// How long the steps take that rebuild, by the builds that `dcache log --remember` kept.
//
// JSON: {"seconds","known","steps"}: how long the `known` of `steps` took that surely rebuild.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/observe/durations.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {

struct RebuildTime {
  double seconds = 0;  // of those that are known
  size_t known = 0;
  size_t steps = 0;  // that surely rebuild, base images left out
};

// Nothing if no step that surely rebuilds is known.
std::optional<RebuildTime> rebuild_time(const cache::Build& build, const cache::Report& report,
                                        const observe::Durations& durations);

// "about 2 min 10 s by the last build", or "at least …" if some of the steps are not known.
std::string rebuild_words(const RebuildTime& time);
void write_rebuild_time(const RebuildTime& time, text::JsonWriter& json);

}  // namespace dcache::report
