#include "dcache/context/tracked_paths.h"

#include <algorithm>
#include <limits>

namespace dcache::context {
namespace {

constexpr size_t kHeader = 12, kHash = 20;
constexpr size_t kFlags = 60;  // in an entry, after times, mode, owner, size and hash
constexpr uint16_t kExtended = 0x4000;
constexpr uint32_t kFirstVersion = 2, kExtendedVersion = 3, kCompressedVersion = 4;

// Reads entries one after the other.
class IndexReader {
 public:
  explicit IndexReader(std::string_view index) : bytes_(index) {}

  // False for a file that is not an index of a known version.
  bool read_header() {
    if (bytes_.size() < kHeader + kHash || !bytes_.starts_with("DIRC")) return false;
    version_ = number(4, 4);
    count_ = number(8, 4);
    bytes_.remove_suffix(kHash);
    at_ = kHeader;
    return version_ >= kFirstVersion && version_ <= kCompressedVersion;
  }

  uint32_t count() const { return count_; }

  // Makes `path`, which is that of the entry before, the next one. False for a damaged entry.
  bool read_path(std::string& path) {
    if (bytes_.size() - at_ < kFlags + 4) return false;
    const bool is_extended = (number(at_ + kFlags, 2) & kExtended) != 0;
    if (is_extended && version_ < kExtendedVersion) return false;
    const size_t start = at_;
    at_ += kFlags + (is_extended ? 4 : 2);
    if (version_ == kCompressedVersion && !drop_end(path)) return false;
    if (version_ != kCompressedVersion) path.clear();
    const size_t end = bytes_.find('\0', at_);
    if (end == std::string_view::npos) return false;
    path.append(bytes_.substr(at_, end - at_));
    at_ = end + 1;
    // All but the compressed ones are filled up to a multiple of eight.
    if (version_ != kCompressedVersion) at_ = start + (end - start + 8) / 8 * 8;
    return at_ <= bytes_.size() && !path.empty();
  }

  // Whether an extension follows without which the entries are not all there is: their names are in lower
  // case.
  bool has_needed_extension() const {
    size_t at = at_;
    while (bytes_.size() - at >= 8) {
      if (bytes_[at] >= 'a' && bytes_[at] <= 'z') return true;
      const uint32_t size = number(at + 4, 4);
      if (bytes_.size() - at - 8 < size) return true;
      at += 8 + size;
    }
    return false;
  }

 private:
  uint32_t number(size_t at, size_t bytes) const {
    uint32_t value = 0;
    for (const char byte : bytes_.substr(at, bytes))
      value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }

  // Takes as many bytes from the end of the path before as the entry says.
  bool drop_end(std::string& path) {
    size_t dropped = 0;
    for (bool more = true, first = true; more; first = false) {
      if (at_ == bytes_.size() || dropped > path.size()) return false;
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      dropped = ((first ? 0 : dropped + 1) << 7U) | (byte & 0x7FU);
      more = (byte & 0x80U) != 0;
    }
    if (dropped > path.size()) return false;
    path.resize(path.size() - dropped);
    return true;
  }

  std::string_view bytes_;  // without the hash at the end
  size_t at_ = 0;
  uint32_t version_ = 0;
  uint32_t count_ = 0;
};

}  // namespace

std::optional<TrackedPaths> TrackedPaths::parse(std::string_view index) {
  IndexReader reader(index);
  if (index.size() > std::numeric_limits<uint32_t>::max() || !reader.read_header()) return std::nullopt;
  TrackedPaths tracked;
  std::string path, before;
  for (uint32_t i = 0; i < reader.count(); ++i) {
    if (!reader.read_path(path) || path < before) return std::nullopt;
    // A compressed index may be smaller than its paths.
    if (tracked.paths_.size() + path.size() >= std::numeric_limits<uint32_t>::max()) return std::nullopt;
    tracked.starts_.push_back(static_cast<uint32_t>(tracked.paths_.size()));
    tracked.paths_.append(path).push_back('\0');
    before = path;
  }
  if (reader.has_needed_extension()) return std::nullopt;
  return tracked;
}

bool TrackedPaths::contains(std::string_view path) const {
  const auto found = lower_bound(path);
  return found != starts_.end() && at(*found) == path;
}

bool TrackedPaths::contains_below(std::string_view folder) const {
  const std::string prefix = std::string(folder) + '/';
  const auto found = lower_bound(prefix);
  return found != starts_.end() && at(*found).starts_with(prefix);
}

std::vector<uint32_t>::const_iterator TrackedPaths::lower_bound(std::string_view path) const {
  return std::ranges::lower_bound(starts_, path, {}, [&](uint32_t start) { return at(start); });
}

std::string_view TrackedPaths::at(uint32_t start) const {
  return paths_.data() + start;
}

}  // namespace dcache::context
