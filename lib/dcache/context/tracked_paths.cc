#include "dcache/context/tracked_paths.h"

#include <algorithm>
#include <limits>

#include "dcache/text/descriptor.h"
#include "dcache/text/system.h"

namespace dcache::context {
namespace {

constexpr size_t kHeader = 12, kHashBytes = 20;
constexpr size_t kFlags = 60;  // in an entry, after times, mode, owner, size and hash
constexpr uint16_t kExtended = 0x4000;
constexpr uint32_t kFirstVersion = 2, kExtendedVersion = 3, kCompressedVersion = 4;

// The bytes of an open file up to a size, of which a piece is in memory.
class Pieces {
 public:
  Pieces(int fd, uint64_t size) : fd_(fd), left_(size) {}

  // What was read and not skipped.
  std::string_view text() const { return std::string_view(piece_).substr(at_); }

  // Whether text() has so many bytes, or more, after reading on.
  bool has(size_t bytes) {
    while (text().size() < bytes) {
      if (!read_on()) return false;
    }
    return true;
  }

  // False if there are not so many.
  bool skip(size_t bytes) {
    while (text().size() < bytes) {
      bytes -= text().size();
      at_ = piece_.size();
      if (!read_on()) return false;
    }
    at_ += bytes;
    return true;
  }

 private:
  static constexpr uint64_t kPiece = uint64_t{1} << 16U;

  bool read_on() {
    piece_.erase(0, at_);
    at_ = 0;
    const size_t before = piece_.size();
    const auto most = static_cast<size_t>(std::min(kPiece, left_));
    piece_.resize(before + most);
    const ssize_t got = text::read_some(fd_, piece_.data() + before, most);
    piece_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    left_ -= piece_.size() - before;
    return got > 0;
  }

  int fd_;
  uint64_t left_;
  std::string piece_;
  size_t at_ = 0;
};

// Reads entries one after the other.
class IndexReader {
 public:
  // `size` is that of the file without the hash at its end.
  IndexReader(int fd, uint64_t size) : pieces_(fd, size) {}

  // False for a file that is not an index of a known version.
  bool read_header() {
    if (!pieces_.has(kHeader) || !pieces_.text().starts_with("DIRC")) return false;
    version_ = number(4, 4);
    count_ = number(8, 4);
    return pieces_.skip(kHeader) && version_ >= kFirstVersion && version_ <= kCompressedVersion;
  }

  uint32_t count() const { return count_; }

  // Makes `path`, which is that of the entry before, the next one. False for a damaged entry.
  bool read_path(std::string& path) {
    if (!pieces_.has(kFlags + 4)) return false;
    const bool is_extended = (number(kFlags, 2) & kExtended) != 0;
    if (is_extended && version_ < kExtendedVersion) return false;
    const size_t start = kFlags + (is_extended ? 4 : 2);
    if (!pieces_.skip(start)) return false;
    if (version_ == kCompressedVersion && !drop_end(path)) return false;
    if (version_ != kCompressedVersion) path.clear();
    size_t length = pieces_.text().find('\0');
    while (length == std::string_view::npos) {
      const size_t searched = pieces_.text().size();
      if (!pieces_.has(searched + 1)) return false;
      length = pieces_.text().find('\0', searched);
    }
    path.append(pieces_.text().substr(0, length));
    // All but the compressed ones are filled up to a multiple of eight.
    const size_t filled = (start + length + 8) / 8 * 8 - start;
    return pieces_.skip(version_ == kCompressedVersion ? length + 1 : filled) && !path.empty();
  }

  // Whether an extension follows without which the entries are not all there is: their names are in lower
  // case.
  bool has_needed_extension() {
    while (pieces_.has(8)) {
      const char first = pieces_.text().front();
      if (first >= 'a' && first <= 'z') return true;
      const uint32_t size = number(4, 4);
      if (!pieces_.skip(8) || !pieces_.skip(size)) return true;
    }
    return false;
  }

 private:
  uint32_t number(size_t at, size_t bytes) const {
    uint32_t value = 0;
    for (const char byte : pieces_.text().substr(at, bytes))
      value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }

  // Takes as many bytes from the end of the path before as the entry says.
  bool drop_end(std::string& path) {
    size_t dropped = 0;
    for (bool more = true, first = true; more; first = false) {
      if (!pieces_.has(1) || dropped > path.size()) return false;
      const auto byte = static_cast<unsigned char>(pieces_.text().front());
      pieces_.skip(1);
      dropped = ((first ? 0 : dropped + 1) << 7U) | (byte & 0x7FU);
      more = (byte & 0x80U) != 0;
    }
    if (dropped > path.size()) return false;
    path.resize(path.size() - dropped);
    return true;
  }

  Pieces pieces_;
  uint32_t version_ = 0;
  uint32_t count_ = 0;
};

}  // namespace

std::optional<TrackedPaths> TrackedPaths::read(const std::string& index) {
  const text::Descriptor fd(text::open_at_once(index.c_str()));
  text::FileStatus status{};
  if (fd.get() < 0 || !text::status_of_open(fd.get(), status) ||
      text::type_of(status) != text::EntryType::kFile)
    return std::nullopt;
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < kHeader + kHashBytes || size > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  IndexReader reader(fd.get(), size - kHashBytes);
  if (!reader.read_header()) return std::nullopt;
  TrackedPaths tracked;
  // An entry takes more than what it needs apart from its path.
  const uint64_t entries = std::min<uint64_t>(reader.count(), size / kFlags);
  tracked.starts_.reserve(entries);
  tracked.paths_.reserve(size - entries * kFlags);
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
