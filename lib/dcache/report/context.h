// What `dcache context` says, for people and for programs.
//
// JSON: {"version":1,"context","sent":{"files","bytes"},"read":{…},"ignore_file","ignored_entries",
// "ignored":[{"pattern","line","files","bytes"}],"steps":[{"stage","line","instruction","files","bytes"}],
// "tree":[{"path","files","bytes","unread_bytes"}],"unread":[{"path","bytes"}]}, the largest first.
#pragma once

#include <string>

#include "dcache/cache/build.h"
#include "dcache/report/style.h"

namespace dcache::report {

// What the context contains, what is ignored by which pattern, how much of it each step reads, and the
// largest files and folders as a tree. The build has to be loaded with BuildOptions::measure_ignored.
void append_context(const cache::Build& build, const Style& style, std::string& out);
void append_context_json(const cache::Build& build, std::string& out);

}  // namespace dcache::report
