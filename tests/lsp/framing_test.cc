#include "dcache/lsp/framing.h"

#include <gtest/gtest.h>

namespace dcache {
namespace {

TEST(MessageReader, TakesAStreamApart) {
  lsp::MessageReader reader;
  EXPECT_EQ(*reader.next(), std::nullopt);
  const std::string stream = lsp::framed("{}") + "content-length: 3\r\nContent-Type: x\r\n\r\n[1]";
  std::vector<std::string> found;
  for (const char c : stream) {
    reader.feed({&c, 1});
    if (const auto message = reader.next(); message && *message) found.push_back(**message);
  }
  EXPECT_EQ(found, (std::vector<std::string>{"{}", "[1]"}));
  for (const char* bad :
       {"Content-Length: x\r\n\r\n", "Content-Length: 99999999999\r\n\r\n", "X: 1\r\n\r\n"}) {
    lsp::MessageReader other;
    other.feed(bad);
    EXPECT_FALSE(other.next()) << bad;
  }
  lsp::MessageReader endless;
  endless.feed(std::string(5000, 'x'));
  EXPECT_FALSE(endless.next());
}

}  // namespace
}  // namespace dcache
