#include <gtest/gtest.h>

#include "dcache/lsp/positions.h"

namespace dcache::lsp {
namespace {

TEST(PositionsOnWindows, UrisHaveDrives) {
  EXPECT_EQ(path_of("file:///c%3A/a%20b/Dockerfile"), "C:/a b/Dockerfile");
  EXPECT_EQ(path_of("file:///C:/a/../Dockerfile"), "C:/Dockerfile");
  EXPECT_EQ(folder_of_uri("file:///c%3A/"), "C:/");
  EXPECT_EQ(uri_of("c:/a b/Dockerfile"), "file:///c%3A/a%20b/Dockerfile");
  EXPECT_EQ(uri_of("/nowhere/Dockerfile"), "file:///nowhere/Dockerfile");
  EXPECT_TRUE(path_of("file:///c%3A/").starts_with("/dev/null/"));
  EXPECT_TRUE(path_of("untitled:Untitled-1").starts_with("/dev/null/"));
}

}  // namespace
}  // namespace dcache::lsp
