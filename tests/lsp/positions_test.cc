#include "dcache/lsp/positions.h"

#include <gtest/gtest.h>

namespace dcache {
namespace {

TEST(LspUris, AreThoseOfPaths) {
  EXPECT_EQ(lsp::uri_of("/a b/\xC3\xA4%"), "file:///a%20b/%C3%A4%25");
  EXPECT_EQ(lsp::path_of("file:///a%20b/%C3%A4%25"), "/a b/\xC3\xA4%");
  EXPECT_EQ(lsp::path_of("file://host/a/../b"), "/b");
  EXPECT_EQ(lsp::path_of("untitled:Untitled-1"), "/nowhere/untitled/Untitled-1");
  EXPECT_EQ(lsp::path_of("file:///%zz"), "/%zz");
}

}  // namespace
}  // namespace dcache
