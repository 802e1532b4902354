// What `dcache context` says, for people and for programs.
//
// JSON: {"version":1,"context","sent":{"files","bytes"},"read":{…},"ignore_file","ignored_entries",
// "ignored":[{"pattern","line","files","bytes"}],"steps":[{"stage","line","instruction","files","bytes"}],
// "tree":[{"path","files","bytes","unread_bytes"}],"unread":[{"path","bytes"}],
// "unread_folders":[{"line","instruction","path","files","bytes","runs":[LINE]}]}, the largest first.
#pragma once

#include <span>
#include <string>

#include "dcache/cache/build.h"
#include "dcache/report/style.h"

namespace dcache::report {

// What the context contains, what is ignored by which pattern, how much of it each step reads, the folders
// that are copied and that no later step names (cache::unread_folders()), and the largest files and folders
// as a tree. `builds` has the build for each platform, at least one, over the same files: a file is read if
// it is for one of them. They have to be loaded with BuildOptions::measure_ignored.
void append_context(std::span<const cache::Build> builds, const Style& style, std::string& out);
void append_context_json(std::span<const cache::Build> builds, std::string& out);

}  // namespace dcache::report
