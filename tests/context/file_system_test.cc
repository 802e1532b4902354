#include "dcache/context/file_system.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "dcache/cache/build.h"
#include "dcache/context/disk.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::context {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using Texts = std::vector<std::string>;

Texts paths_of_walk(const Walk& walk) {
  Texts all;
  for (const Record& record : walk.snapshot.records())
    all.push_back(record.path);
  return all;
}

TEST(MemoryFiles, AreWalkedAsTheSameFilesOnDiskAre) {
  const std::vector<std::pair<std::string, std::string>> kFiles = {
      {"Dockerfile", "FROM scratch\n"}, {"src/main.c", "int main;"},  {"src/a-b", "x"}, {"src/a/b", "y"},
      {"docs/guide.md", "text"},        {"docs/keep/this.md", "kept"}};
  const TemporaryFolder folder;
  MemoryFiles memory;
  for (const auto& [path, text] : kFiles) {
    folder.write(path, text);
    memory.write("/app/" + path, text);
  }
  for (const char* ignored : {"", "docs", "docs\n!docs/keep", "**/*.md", "*\n!src/a"}) {
    const auto matcher = *ignore::Matcher::parse(ignored);
    auto on_disk = *disk()->walk(folder.path(), matcher, {});
    auto in_memory = *memory.walk("/app", matcher, {});
    EXPECT_EQ(paths_of_walk(in_memory), paths_of_walk(on_disk)) << ignored;
    disk()->hash(on_disk.snapshot, folder.path(), {.wanted = [](size_t, const Record&) { return true; }});
    for (const Record& record : on_disk.snapshot.records()) {
      const Record* same = in_memory.snapshot.find(record.path);
      ASSERT_NE(same, nullptr) << record.path;
      EXPECT_EQ(same->content, record.content) << record.path;
      EXPECT_EQ(same->size, record.size) << record.path;
    }
  }
}

TEST(MemoryFiles, HideTheFilesUnderThem) {
  const TemporaryFolder folder;
  folder.write("a", "disk");
  folder.write("b", "disk");
  MemoryFiles files(disk());
  files.write(folder / "a", "memory");
  files.write(folder / "new/c", "memory");
  EXPECT_EQ(*files.read(folder / "a"), "memory");
  EXPECT_EQ(*files.read(folder / "b"), "disk");
  EXPECT_EQ(*files.read(folder / "./new//c"), "memory");
  EXPECT_EQ(files.list(folder.path()),
            (FolderEntries(std::vector<FolderEntry>{{"a", false}, {"b", false}, {"new", true}})));
  const Walk walk = *files.walk(folder.path(), ignore::Matcher(), {});
  EXPECT_EQ(paths_of_walk(walk), (Texts{"a", "b", "new", "new/c"}));
  EXPECT_EQ(walk.snapshot.find("a")->content, hash_bytes("memory"));
  EXPECT_EQ(walk.snapshot.find("b")->content, std::nullopt);

  files.forget(folder / "a");
  EXPECT_EQ(*files.read(folder / "a"), "disk");
}

TEST(MemoryFiles, FollowLinksAndSayWhatIsMissing) {
  MemoryFiles files;
  files.write("/app/real", "text");
  files.add_link("/app/link", "real");
  files.add_link("/app/loop", "loop");
  EXPECT_EQ(*files.read("/app/link"), "text");
  EXPECT_EQ(files.read("/app/loop").error(), "can't read /app/loop: its symbolic links form a loop");
  EXPECT_EQ(files.read("/app/none").error(), "can't read /app/none: there is no such file");
  EXPECT_TRUE(files.exists("/app"));
  EXPECT_FALSE(files.exists("/ap"));
  EXPECT_EQ(files.walk("/app", ignore::Matcher(), {})->snapshot.find("link")->target, "real");
  EXPECT_EQ(files.walk("/other", ignore::Matcher(), {}).error(),
            "can't read the folder /other: it does not exist");
}

TEST(MemoryFiles, HoldABuild) {
  const auto files = std::make_shared<MemoryFiles>();
  files->write("/app/Dockerfile", "FROM scratch\nCOPY src /src\n");
  files->write("/app/src/a", "1");
  cache::BuildOptions options{.dockerfile = "/app/Dockerfile", .files = files};
  auto before = cache::Build::load(options);
  ASSERT_TRUE(before);
  before->hash_files();
  files->write("/app/src/a", "2");
  auto after = cache::Build::load(options);
  ASSERT_TRUE(after);
  after->hash_files();
  const cache::Report report = cache::compare(before->state(), after->state());
  EXPECT_EQ(report.count(after->graph(), cache::Verdict::kMiss), 1u);
  EXPECT_EQ(report.steps.at(0).cause.path, "src/a");
}

TEST(Disk, RemembersWhereFilesAre) {
  const TemporaryFolder folder;
  folder.write("a/b/Dockerfile", "FROM x\n");
  folder.write("a/c/f", "1\n");
  test::make_link("b", folder / "a/to-b");
  test::make_link("../c/f", folder / "a/b/to-f");
  test::make_link("nowhere", folder / "a/b/to-nothing");
  const auto disk = disk_with({.remembers = true});
  for (const char* name :
       {"a", "a/", "a/b/Dockerfile", "a/to-b", "a/to-b/Dockerfile", "a/to-b/to-f", "a/b/to-nothing",
        "a/b/lost", "lost/x", "a/to-b/..", "a/to-b/../c/f", "a/b/.", "a//b//Dockerfile"}) {
    const std::string path = folder / name;
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(disk->real_path(path), context::disk()->real_path(path));
      EXPECT_EQ(disk->exists(path), context::disk()->exists(path)) << path;
    }
  }
  for (const char* path : {".", "/", "", "..", "CMakeLists.txt"})
    EXPECT_EQ(disk->real_path(path), context::disk()->real_path(path));
  fs::remove(folder / "a/b/Dockerfile");
  EXPECT_TRUE(disk->exists(folder / "a/b/Dockerfile"));
}

}  // namespace
}  // namespace dcache::context
