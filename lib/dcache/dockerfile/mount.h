// `RUN --mount=…`: what a step sees in addition to its own root.
// Source: https://docs.docker.com/reference/dockerfile/#run---mount
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/dockerfile/expand.h"

namespace dcache::dockerfile {

struct Mount {
  enum class Type : uint8_t { kBind, kCache, kTmpfs, kSecret, kSsh };
  Type type = Type::kBind;
  std::string from;  // stage, image or named context; empty for the build context
  std::string source;
  std::string target;
  std::string id;
  std::string sharing;  // cache: shared, private or locked; empty for the default
  bool read_only = true;
  bool required = false;
  uint64_t size = 0;  // tmpfs, bytes; 0 for no limit
  std::optional<uint32_t> mode;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
  std::optional<std::string> env;
};

std::string_view name_of(Mount::Type type);

// "64", "64k", "64MB", "1.5GiB" in bytes; nothing for what is not a size.
std::optional<uint64_t> read_size(std::string_view value);

// The fields of a comma-separated value; a field may be quoted as in CSV.
tl::expected<std::vector<std::string>, std::string> split_csv(std::string_view value);

struct MountError {
  std::string message;
  std::string remedy;
  std::string field;  // the one that is wrong, whatever the others are; empty for others
};

// Reads the value of a `--mount` flag; variables in it are looked up. The error says what is wrong with it.
tl::expected<Mount, MountError> read_mount(std::string_view value, const Lookup& lookup,
                                           const ExpandOptions& options);

}  // namespace dcache::dockerfile
