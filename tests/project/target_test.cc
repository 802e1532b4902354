#include "dcache/project/target.h"

#include <gtest/gtest.h>

namespace dcache::project {
namespace {

TEST(SharedPaths, AreSortedAndEachIsThereOnce) {
  const SharedPaths paths({"b", "a", "b"});
  EXPECT_EQ(std::vector<std::string>(paths.begin(), paths.end()), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(paths.contains("a"));
  EXPECT_FALSE(paths.contains("c"));
  EXPECT_TRUE(SharedPaths().empty());
}

TEST(SharedPaths, OfACopyStayAsTheyAre) {
  SharedPaths paths({"a"});
  const SharedPaths copy = paths;
  EXPECT_TRUE(paths.is_same_list(copy));
  paths.add(SharedPaths({"b", "a"}));
  EXPECT_EQ(paths.size(), 2U);
  EXPECT_EQ(copy.size(), 1U);
  EXPECT_TRUE(paths.includes(copy));
  EXPECT_FALSE(copy.includes(paths));
  paths.add(copy);
  EXPECT_EQ(paths.size(), 2U);
  SharedPaths none;
  none.add(paths);
  EXPECT_EQ(none.size(), 2U);
}

}  // namespace
}  // namespace dcache::project
