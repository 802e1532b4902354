#include "dcache/context/hash.h"

#include <fmt/format.h>
#define XXH_STATIC_LINKING_ONLY  // the streaming state as a member instead of an allocation of its own
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include <xxhash.h>

#include "dcache/text/descriptor.h"
#include "dcache/text/system.h"

namespace dcache::context {
namespace {

Hash from_xxh(XXH128_hash_t value) {
  return {value.high64, value.low64};
}

}  // namespace

struct Hasher::State {
  XXH3_state_t xxh;
};

std::string to_hex(const Hash& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex(32, '0');
  for (unsigned i = 0; i < 16; ++i) {
    hex[15 - i] = kDigits[hash.high >> (4 * i) & 15U];
    hex[31 - i] = kDigits[hash.low >> (4 * i) & 15U];
  }
  return hex;
}

std::optional<Hash> hash_from_hex(std::string_view hex) {
  if (hex.size() != 32) return std::nullopt;
  Hash hash;
  const char* const middle = hex.data() + 16;
  const auto high = std::from_chars(hex.data(), middle, hash.high, 16);
  const auto low = std::from_chars(middle, middle + 16, hash.low, 16);
  if (high.ec != std::errc() || high.ptr != middle || low.ec != std::errc() || low.ptr != middle + 16) {
    return std::nullopt;
  }
  return hash;
}

Hash hash_bytes(std::string_view bytes) {
  return from_xxh(XXH3_128bits(bytes.data(), bytes.size()));
}

Stamp stamp_of(const text::FileStatus& status) {
  return {static_cast<uint64_t>(status.st_dev), status.st_ino, static_cast<uint64_t>(status.st_size),
          text::modified_at(status), text::changed_at(status)};
}

Hash hash_attributes(int descriptor) {
  std::vector<std::string> names = text::attribute_names(descriptor);
  std::erase_if(names, [](std::string_view name) {
    return name.starts_with("system.") || (name.starts_with("security.") && name != "security.capability");
  });
  if (names.empty()) return {};
  std::sort(names.begin(), names.end());
  Hasher hasher;
  for (const std::string& name : names)
    hasher.add(name).add(text::attribute(descriptor, name));
  return hasher.finish();
}

namespace {

// What is read of an open file from where it is to its end. Nothing if that fails, with errno.
std::optional<HashedFile> hash_rest(int fd, const GoesOn& goes_on) {
  constexpr size_t kPiece = size_t{256} * 1024;
  thread_local const auto kBuffer = std::make_unique_for_overwrite<char[]>(kPiece);
  HashedFile file;
  std::optional<XXH3_state_t> state;  // of a file that takes more than one piece
  size_t filled = 0;                  // bytes of this piece
  while (true) {
    const ssize_t got = text::read_some(fd, kBuffer.get() + filled, kPiece - filled);
    if (got < 0) return std::nullopt;
    // Only this is the end: a file on a network, or before a bad block, gives less than was asked for.
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    file.size += static_cast<uint64_t>(got);
    if (goes_on && !goes_on(static_cast<size_t>(got))) {
      errno = ECANCELED;
      return std::nullopt;
    }
    if (filled < kPiece) continue;
    if (!state) XXH3_128bits_reset(&state.emplace());
    XXH3_128bits_update(&*state, kBuffer.get(), filled);
    filled = 0;
  }
  if (!state) {
    file.hash = hash_bytes({kBuffer.get(), filled});
    return file;
  }
  XXH3_128bits_update(&*state, kBuffer.get(), filled);
  file.hash = from_xxh(XXH3_128bits_digest(&*state));
  return file;
}

// Whether what was read between the two is the file as it was at one time. Files of the kernel say that they
// are empty.
bool is_whole(const text::FileStatus& before, const text::FileStatus& after, uint64_t size) {
  return before.st_size == after.st_size && text::modified_at(before) == text::modified_at(after) &&
         text::changed_at(before) == text::changed_at(after) &&
         (after.st_size == 0 || size == static_cast<uint64_t>(after.st_size));
}

}  // namespace

tl::expected<HashedFile, std::string> hash_file(const std::string& path, const GoesOn& goes_on) {
  const auto failure = [] { return tl::unexpected(std::string(std::strerror(errno))); };
  const text::Descriptor fd(text::open_no_link(path.c_str()));
  if (fd.get() < 0) return failure();
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    text::FileStatus before{};
    text::FileStatus after{};
    if (!text::status_of_open(fd.get(), before)) return failure();
    auto file = hash_rest(fd.get(), goes_on);
    if (!file || !text::status_of_open(fd.get(), after)) return failure();
    if (is_whole(before, after, file->size)) {
      file->attributes = hash_attributes(fd.get());
      return *file;
    }
    if (!text::go_to_start(fd.get())) return failure();
  }
  return tl::unexpected(std::string("it changes while it is read"));
}

Hasher::Hasher() noexcept = default;
Hasher::~Hasher() = default;

Hasher& Hasher::spill(const void* bytes, size_t size) {
  if (!state_) {
    state_ = std::make_unique<State>();
    XXH3_128bits_reset(&state_->xxh);
  }
  XXH3_128bits_update(&state_->xxh, buffer_.data(), filled_);
  filled_ = 0;
  if (size <= buffer_.size()) return add_bytes(bytes, size);
  XXH3_128bits_update(&state_->xxh, bytes, size);
  return *this;
}

Hash Hasher::finish() const {
  if (!state_) return from_xxh(XXH3_128bits(buffer_.data(), filled_));
  XXH3_state_t all = state_->xxh;
  XXH3_128bits_update(&all, buffer_.data(), filled_);
  return from_xxh(XXH3_128bits_digest(&all));
}

}  // namespace dcache::context
