#include "dcache/context/watched_files.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "dcache/ignore/matcher.h"
#include "tests/run_program.h"

namespace dcache::context {
namespace {

class Watched : public testing::Test {
 protected:
  // What is said to have changed, without the folder's name.
  std::string changed() const {
    const auto path = files_.changed();
    if (!path) return "";
    return std::filesystem::path(*path).lexically_relative(folder_.path()).generic_string();
  }
  test::TemporaryFolder folder_;
  WatchedFiles files_{disk()};
};

TEST_F(Watched, FilesAreReadAgainWhenTheyChange) {
  folder_.write("a", "1");
  folder_.write("b", "1");
  EXPECT_EQ(files_.read(folder_ / "a").value(), "1");
  EXPECT_EQ(changed(), "");
  folder_.write("b", "22");  // nobody asked for it
  EXPECT_EQ(changed(), "");
  folder_.write("a", "22");
  EXPECT_EQ(changed(), "a");
}

TEST_F(Watched, FilesMayComeAndGo) {
  folder_.write("a", "1");
  EXPECT_TRUE(files_.exists(folder_ / "a"));
  EXPECT_FALSE(files_.exists(folder_ / "b"));
  EXPECT_EQ(changed(), "");
  folder_.write("b", "");
  EXPECT_EQ(changed(), "b");
  std::filesystem::remove(folder_ / "b");
  EXPECT_EQ(changed(), "");
  std::filesystem::remove(folder_ / "a");
  EXPECT_EQ(changed(), "a");
}

TEST_F(Watched, FoldersHaveOtherEntries) {
  folder_.write("listed/a", "1");
  folder_.write("walked/deep/a", "1");
  folder_.write("other/a", "1");
  EXPECT_EQ(files_.list(folder_ / "listed").size(), 1U);
  EXPECT_TRUE(files_.walk(folder_ / "walked", ignore::Matcher(), {.names_only = true}).has_value());
  folder_.write("other/b", "");
  EXPECT_EQ(changed(), "");
  folder_.write("walked/deep/b", "");
  EXPECT_EQ(changed(), "walked/deep");
}

}  // namespace
}  // namespace dcache::context
