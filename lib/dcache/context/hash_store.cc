#include "dcache/context/hash_store.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <tuple>
#include <type_traits>

#include "dcache/context/snapshot.h"
#include "dcache/text/file_io.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"
#include "dcache/text/write_file.h"

namespace dcache::context {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kQuiet = 2'000'000'000;  // ns; the coarsest clock of a file system in use, FAT's
constexpr uint64_t kMostBytes = uint64_t{256} << 20U;  // of all stores together
constexpr std::string_view kSuffix = ".hashes";

// What a store's file begins with. Numbers are in the machine's byte order, which `magic` tells as well.
struct Header {
  uint64_t magic = 0x32534843'41434421;  // with a version in its last byte
  uint64_t entries = 0;
  Hash checksum;  // of the entries
};

auto place_of(const Stamp& stamp) {
  return std::tie(stamp.device, stamp.inode);
}

bool is_ours(const std::string& path) {
  text::FileStatus status{};
  return text::status_of_link(path.c_str(), status) && text::type_of(status) == text::EntryType::kFile &&
         text::is_of_this_user(status);
}

// Removes the stores written longest ago until `needed` bytes are free. What a broken run left behind goes
// too.
void make_room(const std::string& folder, uint64_t needed) {
  struct File {
    fs::file_time_type written;
    uint64_t size;
    fs::path path;
  };
  std::vector<File> files;
  uint64_t total = needed;
  std::error_code failure;
  for (fs::directory_iterator at(text::system_path(folder), failure);
       !failure && at != fs::directory_iterator(); at.increment(failure)) {
    std::error_code gone;
    const uint64_t size = at->file_size(gone);
    const std::string name = at->path().filename().string();
    if (gone || !(name.ends_with(kSuffix) || text::is_temporary_name(name))) continue;
    files.push_back({at->last_write_time(gone), size, at->path()});
    total += size;
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.written < b.written; });
  for (const File& file : files) {
    if (total <= kMostBytes) break;
    total -= file.size;
    fs::remove(file.path, failure);
  }
}

}  // namespace

HashStore HashStore::open(const std::string& folder, const std::string& context) {
  static_assert(std::has_unique_object_representations_v<Entry>, "entries are written as they are");
  HashStore store;
  store.folder_ = folder;
  store.path_ = folder + '/' + to_hex(hash_bytes(text::real_path(context))).append(kSuffix);
  if (!is_ours(store.path_)) return store;
  const auto content = text::read_regular_file(store.path_);
  Header header;
  if (!content || content->size() < sizeof header) return store;
  std::memcpy(&header, content->data(), sizeof header);
  const std::string_view body = std::string_view(*content).substr(sizeof header);
  if (body.empty() || header.magic != Header().magic || header.entries != body.size() / sizeof(Entry) ||
      body.size() % sizeof(Entry) != 0 || header.checksum != hash_bytes(body)) {
    return store;
  }
  store.entries_.resize(header.entries);
  std::memcpy(store.entries_.data(), body.data(), body.size());
  return store;
}

std::optional<KeptHashes> HashStore::find(const Stamp& stamp) const {
  // Files that were made together have neighbouring numbers, and are asked for together.
  if (next_ < entries_.size() && entries_[next_].stamp == stamp) return entries_[next_++].hashes;
  const auto entry = std::lower_bound(
      entries_.begin(), entries_.end(), stamp,
      [](const Entry& e, const Stamp& wanted) { return place_of(e.stamp) < place_of(wanted); });
  if (entry == entries_.end() || entry->stamp != stamp) return std::nullopt;
  next_ = static_cast<size_t>(entry - entries_.begin()) + 1;
  return entry->hashes;
}

void HashStore::add(const Stamp& stamp, const KeptHashes& hashes, int64_t started) {
  if (folder_.empty() || std::max(stamp.modified, stamp.changed) > started - kQuiet) return;
  added_.push_back({stamp, hashes});
}

void HashStore::save(std::span<const Record> records) {
  if (added_.empty()) return;
  std::vector<Entry> kept = std::move(added_);
  added_.clear();
  for (const Record& record : records) {
    if (record.type != Type::kFile) continue;
    if (const auto hashes = find(record.stamp)) kept.push_back({record.stamp, *hashes});
  }
  const auto by_place = [](const Entry& a, const Entry& b) { return place_of(a.stamp) < place_of(b.stamp); };
  std::sort(kept.begin(), kept.end(), by_place);
  // One entry for the names of a file with several.
  const auto same = [](const Entry& a, const Entry& b) { return place_of(a.stamp) == place_of(b.stamp); };
  kept.erase(std::unique(kept.begin(), kept.end(), same), kept.end());

  const std::string_view body(reinterpret_cast<const char*>(kept.data()), kept.size() * sizeof(Entry));
  Header header;
  header.entries = kept.size();
  header.checksum = hash_bytes(body);
  std::string content(reinterpret_cast<const char*>(&header), sizeof header);
  content += body;
  if (content.size() > kMostBytes) return;
  std::error_code failure;
  const fs::path place = text::system_path(folder_);
  if (fs::create_directories(place, failure)) fs::permissions(place, fs::perms::owner_all, failure);
  make_room(folder_, content.size());
  text::write_file(path_, content, text::Durability::kLazy);
  entries_ = std::move(kept);
}

int64_t HashStore::now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace dcache::context
