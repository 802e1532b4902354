#include "dcache/text/write_file.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "dcache/text/file_io.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::text {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

size_t count_in(const TemporaryFolder& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

TEST(WriteFile, KeepsModeAndLinksAndLeavesNoTemporaryFile) {
  const TemporaryFolder folder;
  folder.write("file", "old");
  test::set_mode(folder / "file", 0640);
  test::make_link("file", folder / "link");
  EXPECT_EQ(write_file(folder / "link", "new"), "");
  EXPECT_EQ(folder.read("file"), "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  test::expect_mode(folder / "file", 0640);
  EXPECT_EQ(count_in(folder), 2u);
  EXPECT_NE(write_file(folder / "none/file", "x"), "");
}

TEST(WriteFile, LeavesLinksThatLeadNowhere) {
  const TemporaryFolder folder;
  test::make_link("none", folder / "link");
  test::make_link("loop", folder / "loop");
  EXPECT_NE(write_file(folder / "link", "x").find("leads nowhere"), std::string::npos);
  EXPECT_NE(write_file(folder / "loop", "x"), "");
  EXPECT_NE(replace_file(folder / "link", std::nullopt, "x"), "");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_FALSE(fs::exists(folder / "none"));
  EXPECT_EQ(count_in(folder), 2u);
}

TEST(WriteFile, MakesAndReplacesFiles) {
  const TemporaryFolder folder;
  EXPECT_EQ(write_file(folder / "file", "one\r\n"), "");
  EXPECT_EQ(folder.read("file"), "one\r\n");
  EXPECT_EQ(write_file(folder / "file", "two\n"), "");
  EXPECT_EQ(folder.read("file"), "two\n");
  EXPECT_NE(write_file(folder.path(), "x"), "");
  EXPECT_NE(write_file(folder / "none/file", "x"), "");
  EXPECT_EQ(count_in(folder), 1u);
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

}  // namespace
}  // namespace dcache::text
