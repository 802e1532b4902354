// Reading whole files.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include <tl/expected.hpp>

namespace dcache::text {

// The content of a file that a user named, which may be a FIFO or a device, or of standard input for "-".
// The error is a sentence that names the path.
tl::expected<std::string, std::string> read_file(const std::string& path);

constexpr uint64_t kLargestFile = std::numeric_limits<uint32_t>::max();  // bytes

// Which files to read.
struct ReadLimits {
  uint64_t bytes = kLargestFile;
  // Why a file, given its path after all links, is not read; empty if it is.
  std::function<std::string(const std::string& real_path)> refusal = {};
};

// The content of a regular file, and of nothing else: a FIFO, a socket or a device is an error. The file is
// opened once, and what is open is what was looked at, so that nobody can put another file in its place.
tl::expected<std::string, std::string> read_regular_file(const std::string& path,
                                                         const ReadLimits& limits = {});

// Whether this errno says that nothing is there, and not that nobody knows.
bool is_absent(int error);
// Whether something is there after all links; also where nobody knows, so that reading it says why.
bool may_exist(const std::string& path);

// The absolute path that a path leads to after all symbolic links; the path itself where nothing is there.
std::string real_path(const std::string& path);

}  // namespace dcache::text
