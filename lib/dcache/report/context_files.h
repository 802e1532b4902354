// What `dcache context --list` and `--why` say: every file of the folder that is the context, in or out.
//
// JSON of the list: {"version":1,"context","ignore_file","files":[{"path","bytes","in","pattern"?,"line"?}]};
// of --why the object of one file, with "exists" and "steps":[{"stage","line","instruction"}] that read it.
#pragma once

#include <string>

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

// `path` is from the root of the context.
void append_file_reasons(const cache::Build& build, const std::string& path, const Style& style,
                         std::string& out);
void append_file_reasons_json(const cache::Build& build, const std::string& path, std::string& out);

}  // namespace dcache::report
