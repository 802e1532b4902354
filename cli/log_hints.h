// What `dcache lint --fix` could do about the lines that a log blames.
#pragma once

#include "cli/build_options.h"
#include "dcache/report/log.h"

namespace dcache::cli {

// Sets LogStep::fixed_by of the steps that made others run. Says nothing of what can't be read or linted: the
// log is what was asked about.
void add_hints(const BuildFlags& flags, report::LogView& view);

}  // namespace dcache::cli
