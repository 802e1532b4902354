#include "dcache/text/write_file.h"

#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "dcache/text/file_io.h"
#include "tests/run_program.h"

namespace dcache::text {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode : 0;
}

size_t count_in(const TemporaryFolder& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

TEST(WriteFile, KeepsModeAndLinksAndLeavesNoTemporaryFile) {
  const TemporaryFolder folder;
  folder.write("file", "old");
  ASSERT_EQ(::chmod((folder / "file").c_str(), 0640), 0);
  ASSERT_EQ(::symlink("file", (folder / "link").c_str()), 0);
  EXPECT_EQ(write_file(folder / "link", "new"), "");
  EXPECT_EQ(folder.read("file"), "new");
  EXPECT_TRUE(S_ISLNK(mode_of(folder / "link")));
  EXPECT_EQ(mode_of(folder / "file") & 07777U, 0640u);
  EXPECT_EQ(count_in(folder), 2u);
  EXPECT_NE(write_file(folder / "none/file", "x"), "");
}

TEST(WriteFile, MakesFilesAsTheUsersMaskSays) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  EXPECT_EQ(write_file(folder / "file", "new"), "");
  ::umask(before);
  EXPECT_EQ(mode_of(folder / "file") & 07777U, 0640u);
  EXPECT_EQ(count_in(folder), 1u);
}

TEST(WriteFile, KeepsExtendedAttributes) {
  const TemporaryFolder folder;
  folder.write("file", "old");
  const std::string path = folder / "file";
  if (::setxattr(path.c_str(), "user.note", "kept", 4, 0) != 0) GTEST_SKIP() << "no extended attributes here";
  EXPECT_EQ(write_file(path, "new"), "");
  std::array<char, 8> value{};
  EXPECT_EQ(::getxattr(path.c_str(), "user.note", value.data(), value.size()), 4);
  EXPECT_STREQ(value.data(), "kept");
}

TEST(WriteFile, WritesIntoWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = read_file(path).value_or("nothing"); });
  EXPECT_EQ(write_file(path, "text"), "");
  reader.join();
  EXPECT_EQ(got, "text");
  EXPECT_TRUE(S_ISFIFO(mode_of(path)));
  EXPECT_NE(write_file(folder.path(), "text").find("directory"), std::string::npos);
}

TEST(WriteFile, LeavesLinksThatLeadNowhere) {
  const TemporaryFolder folder;
  ASSERT_EQ(::symlink("none", (folder / "link").c_str()), 0);
  ASSERT_EQ(::symlink("loop", (folder / "loop").c_str()), 0);
  EXPECT_NE(write_file(folder / "link", "x").find("leads nowhere"), std::string::npos);
  EXPECT_NE(write_file(folder / "loop", "x"), "");
  EXPECT_NE(replace_file(folder / "link", std::nullopt, "x"), "");
  EXPECT_TRUE(S_ISLNK(mode_of(folder / "link")));
  EXPECT_FALSE(fs::exists(folder / "none"));
  EXPECT_EQ(count_in(folder), 2u);
}

TEST(ReplaceFile, LeavesAFileThatChangedMeanwhile) {
  const TemporaryFolder folder;
  folder.write("file", "of an editor");
  EXPECT_NE(replace_file(folder / "file", "old", "new").find("another program"), std::string::npos);
  EXPECT_NE(replace_file(folder / "file", std::nullopt, "new").find("another program"), std::string::npos);
  EXPECT_EQ(folder.read("file"), "of an editor");
  EXPECT_EQ(replace_file(folder / "file", "of an editor", "new"), "");
  EXPECT_EQ(folder.read("file"), "new");
  EXPECT_EQ(replace_file(folder / "other", std::nullopt, "first"), "");
  EXPECT_EQ(folder.read("other"), "first");
  EXPECT_NE(replace_file(folder / "gone", "old", "new"), "");
  EXPECT_EQ(count_in(folder), 2u);
}

TEST(ReadRegularFile, TakesNothingElse) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  folder.write("file", "12345");
  for (const std::string& path : {folder / "fifo", std::string("/dev/zero"), folder.path()})
    EXPECT_NE(read_regular_file(path).error().find(path), std::string::npos);
  EXPECT_EQ(read_regular_file(folder / "file", {.bytes = 5, .refusal = {}}), "12345");
  EXPECT_NE(read_regular_file(folder / "file", {.bytes = 4, .refusal = {}}).error().find("larger"),
            std::string::npos);
  const auto refuse = [](const std::string& path) { return path.ends_with("file") ? "no" : ""; };
  ASSERT_EQ(::symlink("file", (folder / "link").c_str()), 0);
  EXPECT_TRUE(read_regular_file(folder / "link", {.refusal = refuse}).error().ends_with(": no"));
}

}  // namespace
}  // namespace dcache::text
