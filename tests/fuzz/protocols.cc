// What other programs send and what was kept: messages of the language server, stores of hashes and
// durations.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>
#include <stdlib.h>

#include "dcache/context/hash.h"
#include "dcache/context/hash_store.h"
#include "dcache/context/snapshot.h"
#include "dcache/lsp/framing.h"
#include "dcache/lsp/server.h"
#include "dcache/observe/durations.h"
#include "tests/fuzz/targets.h"

namespace dcache::fuzz {
namespace {

// The messages of a stream that comes in pieces of that size; "!" ends what can't be read further.
std::vector<std::string> messages(std::string_view stream, size_t piece) {
  lsp::MessageReader reader;
  std::vector<std::string> found;
  for (size_t at = 0; at < stream.size(); at += piece) {
    reader.feed(stream.substr(at, piece));
    for (;;) {
      auto next = reader.next();
      if (!next) {
        found.emplace_back("!");
        return found;
      }
      if (!*next) break;
      found.push_back(std::move(**next));
    }
  }
  return found;
}

// Gone when the program ends.
class NewFolder {
 public:
  NewFolder() : path_((std::filesystem::temp_directory_path() / "dcache-fuzz-XXXXXX").string()) {
    expect(::mkdtemp(path_.data()) != nullptr, "there is a temporary folder");
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator(file), {}};
}

void write(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// The file in which the store of a context is kept.
class StoreFile {
 public:
  StoreFile() {
    context::HashStore store = reopened();
    store.add({}, {}, context::HashStore::now());
    store.save({});
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
      if (entry.is_regular_file()) path_ = entry.path().string();
    with_one_entry_ = content_of(path_);
    expect(with_one_entry_.size() > kHeaderSize, "a store is a file");
  }

  context::HashStore reopened() const { return context::HashStore::open(folder_, "/c"); }
  context::HashStore holding(std::string_view content) const {
    write(path_, content);
    return reopened();
  }
  size_t entry_size() const { return with_one_entry_.size() - kHeaderSize; }
  std::string header_of(std::string_view body) const {
    std::string header = with_one_entry_.substr(0, kHeaderSize);
    const uint64_t entries = body.size() / entry_size();
    const context::Hash checksum = context::hash_bytes(body);
    std::memcpy(header.data() + kMagicSize, &entries, sizeof entries);
    std::memcpy(header.data() + kMagicSize + sizeof entries, &checksum, sizeof checksum);
    return header;
  }

 private:
  static constexpr size_t kMagicSize = 8;
  static constexpr size_t kHeaderSize = kMagicSize + sizeof(uint64_t) + sizeof(context::Hash);

  NewFolder made_;
  std::string folder_ = made_.path();
  std::string path_;
  std::string with_one_entry_;
};

context::Stamp stamp_at(std::string_view body, size_t at) {
  context::Stamp stamp;
  static_assert(std::is_trivially_copyable_v<context::Stamp>);
  std::memcpy(&stamp, body.data() + at, sizeof stamp);
  return stamp;
}

}  // namespace

void run_framing(std::string_view input) {
  const std::vector<std::string> whole = messages(input, std::max<size_t>(input.size(), 1));
  expect(messages(input, 7) == whole, "how a stream is cut says nothing", input);
  std::string framed;
  for (const std::string& message : whole)
    framed += lsp::framed(message);
  expect(messages(framed, 100) == whole, "what is framed can be read", framed);
}

// A message in each line.
void run_lsp(std::string_view input) {
  std::mutex mutex;
  lsp::Server server({}, [&](const std::string& message) {
    const std::scoped_lock lock(mutex);
    expect(!nlohmann::json::parse(message, nullptr, false).is_discarded(), "an answer is JSON", message);
  });
  while (!input.empty() && !server.is_finished()) {
    const size_t end = std::min(input.find('\n'), input.size());
    server.receive(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  server.settle();
}

// The file of a store: first as it is, then with a header that fits, since nearly all others are refused by
// it.
void run_store(std::string_view input) {
  static const StoreFile file;
  const context::HashStore refused = file.holding(input);
  static_cast<void>(refused.find({}));

  const size_t entries = input.size() / file.entry_size();
  const std::string_view body = input.substr(0, entries * file.entry_size());
  context::HashStore store = file.holding(file.header_of(body) + std::string(body));
  for (size_t i = 0; i < entries; ++i)
    static_cast<void>(store.find(stamp_at(body, i * file.entry_size())));

  const context::Stamp added{.device = 1, .inode = 2, .size = 3};
  store.add(added, {}, context::HashStore::now());
  store.save({});
  expect(file.reopened().find(added).has_value(), "what was saved is found", input);
}

void run_durations(std::string_view input) {
  static const NewFolder made;
  static const std::string folder = made.path();
  static const std::string path = folder + "/durations.json";
  write(path, input);
  expect(observe::Durations::open(folder).save().empty(), "durations are saved", input);
  const std::string saved = content_of(path);
  expect(observe::Durations::open(folder).save().empty(), "durations are saved", input);
  expect(content_of(path) == saved, "what is read is what was saved", saved);
}

}  // namespace dcache::fuzz
