#include "dcache/context/hash_store.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "dcache/context/snapshot.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::context {
namespace {

KeptHashes hashes_of(std::string_view content) {
  return {hash_bytes(content), {}};
}

namespace fs = std::filesystem;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kThen = 1'700'000'000 * kSecond;

Record record_of(const Stamp& stamp) {
  Record record;
  record.path = "file" + std::to_string(stamp.inode);
  record.stamp = stamp;
  return record;
}

// The only file in a folder.
std::string store_in(const std::string& folder) {
  return fs::directory_iterator(folder)->path().string();
}

TEST(HashStore, FindsWhatWasSavedByItsWholeStamp) {
  const test::TemporaryFolder folder;
  const Stamp stamp{1, 2, 3, kThen, kThen};
  HashStore store = HashStore::open(folder.path(), "/context");
  store.add(stamp, hashes_of("x"), kThen + 5 * kSecond);
  store.save({});
  const HashStore again = HashStore::open(folder.path(), "/context");
  EXPECT_EQ(again.find(stamp), hashes_of("x"));
  EXPECT_EQ(again.find({1, 2, 4, kThen, kThen}), std::nullopt);
  EXPECT_EQ(again.find({1, 2, 3, kThen + 1, kThen}), std::nullopt);
  EXPECT_EQ(again.find({1, 2, 3, kThen, kThen + 1}), std::nullopt);
  EXPECT_EQ(HashStore::open(folder.path(), "/other").find(stamp), std::nullopt);
}

TEST(HashStore, KeepsNoFileThatMayChangeWithoutANewTime) {
  const test::TemporaryFolder folder;
  HashStore store = HashStore::open(folder.path(), "/context");
  const Stamp modified_just_now{1, 2, 3, kThen, kThen - 60 * kSecond};
  const Stamp changed_just_now{1, 3, 3, kThen - 60 * kSecond, kThen};
  const Stamp from_the_future{1, 4, 3, kThen + 60 * kSecond, kThen};
  for (const Stamp& stamp : {modified_just_now, changed_just_now, from_the_future})
    store.add(stamp, hashes_of("x"), kThen + kSecond);
  store.save({});
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(HashStore, ForgetsFilesThatAreGone) {
  const test::TemporaryFolder folder;
  const Stamp kept{1, 2, 3, kThen, kThen}, gone{1, 3, 3, kThen, kThen}, added{1, 4, 3, kThen, kThen};
  HashStore first = HashStore::open(folder.path(), "/context");
  first.add(kept, hashes_of("kept"), kThen + 5 * kSecond);
  first.add(gone, hashes_of("gone"), kThen + 5 * kSecond);
  first.save({});
  HashStore second = HashStore::open(folder.path(), "/context");
  second.add(added, hashes_of("added"), kThen + 5 * kSecond);
  const std::vector<Record> records = {record_of(kept), record_of(added)};
  second.save(records);
  const HashStore third = HashStore::open(folder.path(), "/context");
  EXPECT_EQ(third.find(kept), hashes_of("kept"));
  EXPECT_EQ(third.find(added), hashes_of("added"));
  EXPECT_EQ(third.find(gone), std::nullopt);
}

TEST(HashStore, IgnoresWhatIsDamagedOrNoStore) {
  const Stamp stamp{1, 2, 3, kThen, kThen};
  const test::TemporaryFolder folder;
  HashStore store = HashStore::open(folder.path(), "/context");
  store.add(stamp, hashes_of("x"), kThen + 5 * kSecond);
  store.save({});
  const std::string name = fs::path(store_in(folder.path())).filename().string();
  const std::string good = folder.read(name);
  std::string flipped = good;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  std::string other_version = good;
  other_version.front() = static_cast<char>(other_version.front() ^ 1);
  for (const std::string& bad : {std::string(), std::string("x"), good.substr(0, good.size() - 1), good + "x",
                                 flipped, other_version}) {
    folder.write(name, bad);
    EXPECT_EQ(HashStore::open(folder.path(), "/context").find(stamp), std::nullopt);
  }
  folder.write(name, good);
  EXPECT_EQ(HashStore::open(folder.path(), "/context").find(stamp), hashes_of("x"));
  fs::remove(folder / name);
  test::make_link("/etc/passwd", folder / name);
  EXPECT_EQ(HashStore::open(folder.path(), "/context").find(stamp), std::nullopt);
}

TEST(HashStore, DoesNothingWhereItCanNotWrite) {
  HashStore store = HashStore::open("/proc/no/such/folder", "/context");
  store.add({1, 2, 3, kThen, kThen}, hashes_of("x"), kThen + 5 * kSecond);
  store.save({});
}

TEST(HashContents, ReadsNoFileThatTheStoreKnows) {
  const test::TemporaryFolder folder, store_folder;
  folder.write("a", "x");
  folder.write("b", "y");
  auto walk = context::walk(folder.path(), {});
  const Record& known = *walk->snapshot.find("a");
  HashStore store = HashStore::open(store_folder.path(), folder.path());
  store.add(known.stamp, hashes_of("from the store"), HashStore::now() + 60 * kSecond);
  store.save({});
  const HashingOptions options{.wanted = [](size_t, const Record&) { return true; },
                               .store = store_folder.path()};
  EXPECT_TRUE(hash_contents(walk->snapshot, folder.path(), options).empty());
  EXPECT_EQ(walk->snapshot.find("a")->content, hash_bytes("from the store"));
  EXPECT_EQ(walk->snapshot.find("b")->content, hash_bytes("y"));
  // "b" was written a moment ago, so its hash is not kept.
  const HashStore after = HashStore::open(store_folder.path(), folder.path());
  EXPECT_EQ(after.find(walk->snapshot.find("b")->stamp), std::nullopt);
}

}  // namespace
}  // namespace dcache::context
