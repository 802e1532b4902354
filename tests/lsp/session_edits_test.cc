// Random edits: the text that they give, and what the server says of it.
#include <algorithm>

#include "dcache/dockerfile/layout.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/text/unicode.h"
#include "tests/lsp/lsp_client.h"
#include "tests/random_text.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::LspClient;
using Texts = std::vector<std::string>;

// What a text says after changes, by a peer that does it another way: on UTF-16 code units.
std::u16string units_of(const std::string& text) {
  std::u16string units;
  for (std::string_view rest = text; !rest.empty();) {
    const text::Rune rune = text::decode_rune(rest);
    rest.remove_prefix(rune.width);
    if (rune.value < 0x10000) {
      units += static_cast<char16_t>(rune.value);
    } else {
      units += static_cast<char16_t>(0xD800 + ((rune.value - 0x10000) >> 10U));
      units += static_cast<char16_t>(0xDC00 + ((rune.value - 0x10000) & 0x3FFU));
    }
  }
  return units;
}

struct Numbers {
  uint64_t state = 20261122;
  uint32_t below(size_t limit) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<uint32_t>((state >> 33U) % limit);
  }
};

TEST(LanguageServerEdits, GiveWhatAFullTextGives) {
  constexpr const char* kPieces[] = {
      "RUN ",     "x",    "\n",    "\r\n", "\r", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
      "FROM a\n", "\\\n", "<<EOF", "#",    " ",  "",         "\"",           "$A"};
  constexpr size_t kLongest = 400;
  Numbers numbers;
  std::string text;
  std::u16string units;
  size_t parsed = 0;
  constexpr size_t kEdits = tests::kComparisons / (tests::kIsSanitized ? 5 : 1);
  for (size_t i = 0; i < kEdits; ++i) {
    // Neither half of a character nor between \r and \n, where no place of the protocol is.
    const auto is_place = [&](size_t at) {
      if (at == 0 || at >= units.size()) return true;
      const bool half = units[at] >= 0xDC00 && units[at] < 0xE000;
      return !half && !(units[at - 1] == u'\r' && units[at] == u'\n');
    };
    const auto place_from = [&](size_t at) {
      while (!is_place(at))
        --at;
      return at;
    };
    const size_t most = units.size() > kLongest ? units.size() : 8;
    const size_t begin = place_from(numbers.below(units.size() + 1));
    const size_t end = std::max(begin, place_from(std::min(units.size(), begin + numbers.below(most))));
    // Lines and characters by the peer.
    const auto position = [&](size_t at) {
      size_t line = 0, start = 0;
      for (size_t k = 0; k < at; ++k) {
        const bool crlf = units[k] == u'\r' && k + 1 < units.size() && units[k + 1] == u'\n';
        if (units[k] != u'\n' && (units[k] != u'\r' || crlf)) continue;
        ++line;
        start = k + 1;
      }
      return json{{"line", line}, {"character", at - start}};
    };
    const std::string piece = kPieces[numbers.below(std::size(kPieces))];
    text =
        test::changed(std::move(text),
                      {{{"range", {{"start", position(begin)}, {"end", position(end)}}}, {"text", piece}}});
    units.replace(begin, end - begin, units_of(piece));
    ASSERT_EQ(units_of(text), units) << "after edit " << i;
    if (i % 1000 == 0) {
      const dockerfile::File file = dockerfile::parse(text);
      std::string all;
      for (const dockerfile::Token& token : dockerfile::tokens(file))
        all += token.span.of(text);
      ASSERT_EQ(all, text);
      ++parsed;
    }
  }
  EXPECT_EQ(parsed, kEdits / 1000);
}

// A server that got random edits has the findings that a new one has for the text.
TEST(LanguageServerEdits, LeaveTheFindingsOfTheText) {
  const std::string path = "/nowhere/Dockerfile";
  constexpr const char* kLines[] = {"FROM alpine:latest\n",
                                    "RUN cd /x && apt-get install y\n",
                                    "COPY . .\n",
                                    "MAINTAINER me\n",
                                    "RUN <<EOF\n",
                                    "EOF\n",
                                    "ENV a b\n",
                                    "# dcache ignore=DC1009\n"};
  Numbers numbers;
  LspClient client;
  client.start();
  std::string text;
  client.open(path, text);
  client.findings(path);
  for (int i = 1; i <= 300; ++i) {
    const auto lines = static_cast<size_t>(std::ranges::count(text, '\n'));
    const uint32_t line = numbers.below(lines + 1);
    const uint32_t taken = lines > 40 ? 10 : numbers.below(2);
    const json change = {{"range",
                          {{"start", {{"line", line}, {"character", 0}}},
                           {"end", {{"line", line + taken}, {"character", 0}}}}},
                         {"text", kLines[numbers.below(std::size(kLines))]}};
    client.change(path, i + 1, json::array({change}));
    text = test::changed(text, json::array({change}));
    const Texts found = client.findings(path);
    if (i % 20 != 0) continue;
    LspClient fresh;
    fresh.start();
    fresh.open(path, text);
    ASSERT_EQ(found, fresh.findings(path)) << text;
  }
}

}  // namespace
}  // namespace dcache
