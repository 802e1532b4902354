// What `dcache explain` says, for people and for programs.
//
// JSON:
// {"version":1,"dockerfile":…,"target":…,"steps":[{"stage","line","instruction","verdict","cause"?}],"paths"?:[…]}
// with a step for FROM of an image, RUN, COPY, ADD and WORKDIR. `cause` is there for every verdict but "hit":
// {"kind","line",…} with the members of cache::Cause that have a value. docs/cli.md describes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/cache/what_if.h"
#include "dcache/report/style.h"

namespace dcache::report {

struct ExplainOptions {
  std::string occasion;  // ends the first line: "when main.go changes", "since snapshot.json"
  std::optional<cache::Verdict> only = {};  // leave out steps with another verdict
};

void append_explanation(const cache::Build& build, const cache::Report& report,
                        const std::vector<cache::ChangedPath>& paths, const ExplainOptions& options,
                        const Style& style, std::string& out);

// One step and the row of steps that make it rebuild, up to what started it. False if no step starts in
// `line`.
bool append_why(const cache::Build& build, const cache::Report& report, uint32_t line, const Style& style,
                std::string& out);

void append_explanation_json(const cache::Build& build, const cache::Report& report,
                             const std::vector<cache::ChangedPath>& paths, std::string& out);

}  // namespace dcache::report
