// What `dcache context --list` and `--why` say: every file of the folder that is the context, in or out.
//
// JSON of the list: {"version":1,"context","ignore_file","files":[{"path","bytes","in","pattern"?,"line"?}]};
// of --why the object of one file, with "exists", for a folder "inside":{"in","out"} with numbers of files,
// and "steps":[{"stage","line","instruction","platforms"?}] that read it. "named_context" is there for a file
// of one, "platforms" for a step that reads it for some of several platforms, and "also":[…] for a file that
// is in further contexts, with such an object for each; the one that steps read it from comes first.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/build.h"
#include "dcache/report/style.h"

namespace dcache::report {

enum class ListedFiles : uint8_t { kAll, kIgnored };

// Walks the folder again, without its ignore file. The error is a sentence: the folder can't be read.
tl::expected<void, std::string> append_context_files(const cache::Build& build, ListedFiles which,
                                                     const Style& style, std::string& out);
tl::expected<void, std::string> append_context_files_json(const cache::Build& build, ListedFiles which,
                                                          std::string& out);

// A file or folder of a context of a build.
struct ContextPath {
  std::string context;  // the named one; empty for the main one
  std::string path;     // from its root
};
// `builds` has the build for each platform, at least one: they differ in the steps that read the file.
// `places` are where it is, at least one.
void append_file_reasons(std::span<const cache::Build> builds, std::vector<ContextPath> places,
                         const Style& style, std::string& out);
void append_file_reasons_json(std::span<const cache::Build> builds, std::vector<ContextPath> places,
                              std::string& out);

}  // namespace dcache::report
