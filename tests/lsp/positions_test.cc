#include "dcache/lsp/positions.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "dcache/text/utf16.h"

namespace dcache {
namespace {

TEST(LspUris, AreThoseOfPaths) {
  EXPECT_EQ(lsp::uri_of("/a b/\xC3\xA4%"), "file:///a%20b/%C3%A4%25");
  EXPECT_EQ(lsp::path_of("file:///a%20b/%C3%A4%25"), "/a b/\xC3\xA4%");
  EXPECT_EQ(lsp::path_of("file://localhost/a/../b"), "/b");
  EXPECT_EQ(lsp::path_of("file://host/a/../b"), "/dev/null/file/host/b") << "a file of another machine";
  EXPECT_EQ(lsp::path_of("untitled:Untitled-1"), "/dev/null/untitled/Untitled-1");
  EXPECT_EQ(lsp::path_of("file:///%zz"), "/%zz");
}

TEST(LspUris, WithoutANameMeanNoFile) {
  for (const char* uri :
       {"", "file:", "file://", "file:///", "file:///a/..", "file://host", "file:///%2e%2e", "file:///a%00b",
        "untitled:", "untitled:../../etc/x", "../../etc/x", "x:/../..", ":"})
    EXPECT_TRUE(lsp::path_of(uri).starts_with("/dev/null/")) << uri << " " << lsp::path_of(uri);
  EXPECT_EQ(lsp::path_of("untitled:../../etc/x"), "/dev/null/untitled/etc/x");
  EXPECT_EQ(lsp::path_of("file:///"), "/dev/null/file/unnamed");
  EXPECT_EQ(lsp::folder_of_uri("file:///"), "/") << "a folder of the workspace may be the root";
  EXPECT_EQ(lsp::folder_of_uri("file:///a/"), "/a");
}

// Milestones in long lines change nothing: compared with a count from the start of the line.
TEST(LspPositions, OfLongLinesAreThoseOfShortOnes) {
  std::string text = "x\n";
  for (int i = 0; i < 1500; ++i)
    text += i % 3 == 0 ? "\xF0\x9F\x98\x80" : i % 3 == 1 ? "\xC3\xA9" : "\xC3";
  text += "\r\nend";
  const lsp::Positions positions(text, lsp::Encoding::kUtf16);
  for (uint32_t offset = 0; offset <= text.size(); ++offset) {
    const uint32_t begin = offset < 2 ? 0 : 2;
    const uint32_t end = std::min(offset, positions.line(1).end);
    const lsp::Place place = positions.place_of(offset);
    if (place.line != 1) continue;
    ASSERT_EQ(place.character, text::utf16_length(std::string_view(text).substr(begin, end - begin)))
        << offset;
  }
}

}  // namespace
}  // namespace dcache
