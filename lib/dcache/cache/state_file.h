// A recorded state of a build: what `dcache snapshot` writes and `dcache explain --since` compares with.
//
// The file is JSON:
// {"dcache-snapshot":1,"dockerfile":{"path","text"},"context","builder","target","platform",
// "build_args":{…},"named_contexts":{…},"options":{…},"contexts":{"":[[path,type,mode,size,…],…]}}. A record
// ends with the target of a link, or the hash of a file and its time of modification in nanoseconds since
// 1970, and with a hash of its extended attributes if it has any. Text that is not UTF-8 is written as
// {"hex":"…"}. It contains hashes of the files that some step reads, and no content but the Dockerfile's. The
// same state gives the same bytes. An image that is built for several platforms has the builds for the others
// in "more", a list of such objects.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/build.h"

namespace dcache::cache {

// The text of the file for a build whose files are hashed, and for the same image on other platforms.
std::string write_state(const Build& build, std::span<const Build> others = {});

// The recorded builds, at least one. The error says what is wrong with the text: no snapshot, a newer
// version, damaged.
tl::expected<std::vector<Build>, std::string> read_states(const std::string& text);

// The first of them.
tl::expected<Build, std::string> read_state(const std::string& text);

}  // namespace dcache::cache
