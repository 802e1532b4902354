#include <gtest/gtest.h>

#include "dcache/text/path.h"

namespace dcache::text {
namespace {

TEST(PathOnWindows, HasADriveAsRoot) {
  EXPECT_EQ(portable_path("C:\\a\\b"), "C:/a/b");
  EXPECT_EQ(clean_path("C:/a//./b/../"), "C:/a");
  EXPECT_EQ(clean_path("C:/../.."), "C:/");
  EXPECT_EQ(clean_path("c:"), "C:/");
  EXPECT_EQ(clean_path("a:b/../.."), "A:/");
  EXPECT_EQ(join_path("C:/", "x"), "C:/x");
  EXPECT_EQ(parent_path("C:/x"), "C:/");
  EXPECT_EQ(parent_path("C:/"), "C:/");
  EXPECT_EQ(parent_path("C:/x/y"), "C:/x");
  EXPECT_EQ(base_name("C:/x"), "x");
  EXPECT_EQ(drive_of("C:/x"), "C:");
  EXPECT_EQ(drive_of("/x"), "");
  EXPECT_TRUE(is_absolute("C:/x"));
  EXPECT_TRUE(is_absolute("/x"));
  EXPECT_FALSE(is_absolute("x"));
  EXPECT_FALSE(is_absolute("1:/x"));
  EXPECT_TRUE(is_root("C:/"));
  EXPECT_FALSE(is_root("C:/x"));
  EXPECT_TRUE(is_within("C:/x", "C:/"));
  EXPECT_FALSE(is_within("D:/x", "C:/"));
}

}  // namespace
}  // namespace dcache::text
