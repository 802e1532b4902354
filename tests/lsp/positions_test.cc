#include "dcache/lsp/positions.h"

#include <gtest/gtest.h>

namespace dcache {
namespace {

TEST(LspUris, AreThoseOfPaths) {
  EXPECT_EQ(lsp::uri_of("/a b/\xC3\xA4%"), "file:///a%20b/%C3%A4%25");
  EXPECT_EQ(lsp::path_of("file:///a%20b/%C3%A4%25"), "/a b/\xC3\xA4%");
  EXPECT_EQ(lsp::path_of("file://localhost/a/../b"), "/b");
  EXPECT_EQ(lsp::path_of("file://host/a/../b"), "/nowhere/file/host/b") << "a file of another machine";
  EXPECT_EQ(lsp::path_of("untitled:Untitled-1"), "/nowhere/untitled/Untitled-1");
  EXPECT_EQ(lsp::path_of("file:///%zz"), "/%zz");
}

TEST(LspUris, WithoutANameMeanNoFile) {
  for (const char* uri :
       {"", "file:", "file://", "file:///", "file:///a/..", "file://host", "file:///%2e%2e", "file:///a%00b",
        "untitled:", "untitled:../../etc/x", "../../etc/x", "x:/../..", ":"})
    EXPECT_TRUE(lsp::path_of(uri).starts_with("/nowhere/")) << uri << " " << lsp::path_of(uri);
  EXPECT_EQ(lsp::path_of("untitled:../../etc/x"), "/nowhere/untitled/etc/x");
  EXPECT_EQ(lsp::path_of("file:///"), "/nowhere/file/unnamed");
  EXPECT_EQ(lsp::folder_of_uri("file:///"), "/") << "a folder of the workspace may be the root";
  EXPECT_EQ(lsp::folder_of_uri("file:///a/"), "/a");
}

}  // namespace
}  // namespace dcache
