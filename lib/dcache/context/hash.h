// 128-bit content hashes (XXH3). They tell states of a build apart; they are not protection against somebody
// who looks for collisions.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "dcache/text/system.h"

namespace dcache::context {

struct Hash {
  uint64_t high = 0;
  uint64_t low = 0;
  friend constexpr auto operator<=>(const Hash&, const Hash&) = default;
};

// 32 hexadecimal digits.
std::string to_hex(const Hash& hash);
std::optional<Hash> hash_from_hex(std::string_view hex);

// Hash of the bytes alone.
Hash hash_bytes(std::string_view bytes);

// What tells a file's states apart without reading it. Times are nanoseconds since 1970.
struct Stamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;  // bytes
  int64_t modified = 0;
  int64_t changed = 0;  // the inode's, which no program can set
  friend constexpr auto operator<=>(const Stamp&, const Stamp&) = default;
};
Stamp stamp_of(const text::FileStatus& status);

// Hash of the extended attributes of an open file or folder that builders compare: none of the system
// namespace, and of the security namespace only security.capability. Zero for none, and if they cannot be
// read.
Hash hash_attributes(int descriptor);

struct HashedFile {
  Hash hash;
  Hash attributes;
  uint64_t size = 0;  // bytes that were read
};
// Hash of what a file contains, read in pieces, and of its extended attributes. `goes_on`, if given, is told
// the bytes of each piece, and ends the reading with false. The error is the reason, without the path.
using GoesOn = std::function<bool(size_t)>;
tl::expected<HashedFile, std::string> hash_file(const std::string& path, const GoesOn& goes_on = {});

// Hash of a row of values. Each is added with its length, so that ("ab","c") and ("a","bc") differ.
class Hasher {
 public:
  Hasher() noexcept;
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  Hasher& add(std::string_view text) {
    add(static_cast<uint64_t>(text.size()));
    return add_bytes(text.data(), text.size());
  }
  Hasher& add(uint64_t number) { return add_bytes(&number, sizeof number); }
  Hasher& add(const Hash& hash) { return add(hash.high).add(hash.low); }
  Hash finish() const;

 private:
  struct State;

  Hasher& add_bytes(const void* bytes, size_t size) {
    if (size > buffer_.size() - filled_) return spill(bytes, size);
    if (size > 0) std::memcpy(buffer_.data() + filled_, bytes, size);
    filled_ += size;
    return *this;
  }
  Hasher& spill(const void* bytes, size_t size);

  // Most rows are short: they are hashed in one go, without a state in between.
  std::array<char, 512> buffer_;
  size_t filled_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace dcache::context
