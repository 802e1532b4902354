// What other programs send and what was kept: messages of the language server, stores of hashes.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <stdlib.h>

#include "dcache/context/hash.h"
#include "dcache/context/hash_store.h"
#include "dcache/context/snapshot.h"
#include "dcache/lsp/framing.h"
#include "dcache/lsp/server.h"
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

// The file of a store.
void run_store(std::string_view input) {
  static const std::string folder = [] {
    std::string name = (std::filesystem::temp_directory_path() / "dcache-fuzz-XXXXXX").string();
    expect(::mkdtemp(name.data()) != nullptr, "there is a temporary folder");
    return name;
  }();
  static const std::string path = [] {
    context::HashStore store = context::HashStore::open(folder, "/c");
    context::Record record;
    store.add(record.stamp, {}, context::HashStore::now());
    store.save({&record, 1});
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.is_regular_file()) return entry.path().string();
    expect(false, "a store is a file");
    return std::string();
  }();
  std::ofstream(path, std::ios::binary | std::ios::trunc) << input;
  const context::HashStore store = context::HashStore::open(folder, "/c");
  for (uint64_t inode = 0; inode < 4; ++inode) {
    context::Stamp stamp;
    stamp.inode = inode;
    static_cast<void>(store.find(stamp));
  }
}

}  // namespace dcache::fuzz
