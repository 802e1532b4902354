// What a finding costs, for the formats that are JSON.
#pragma once

#include "dcache/lint/impact.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {

// {"cause","rebuilds","steps","rebuilds_after","steps_after","seconds"?,"seconds_after"?}, as a value.
void write_impact(const lint::Impact& impact, text::JsonWriter& json);

}  // namespace dcache::report
