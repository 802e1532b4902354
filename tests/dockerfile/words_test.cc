// How the text of an instruction is split into words.
#include "dcache/dockerfile/words.h"

#include <string>

#include <gtest/gtest.h>

namespace dcache::dockerfile {
namespace {

using Texts = std::vector<std::string>;

Texts quoted(std::string_view line) {
  std::vector<RawWord> words;
  split_quoted(line, '\\', words);
  Texts texts;
  for (const RawWord& word : words)
    texts.emplace_back(word.text);
  return texts;
}

TEST(Words, KeepQuotesAndEscapes) {
  EXPECT_EQ(quoted("a \"b c\" 'd e'"), (Texts{"a", "\"b c\"", "'d e'"}));
  EXPECT_EQ(quoted("a\\ b c"), (Texts{"a\\ b", "c"}));
  EXPECT_EQ(quoted("'a\\' b"), (Texts{"'a\\'", "b"}));
  EXPECT_EQ(quoted("a 'b c"), (Texts{"a", "'b c"}));
}

TEST(Words, EndBeforeAnEscapeThatNothingFollows) {
  EXPECT_EQ(quoted("a b\\"), (Texts{"a", "b"}));
  EXPECT_EQ(quoted("a \\"), Texts{"a"});
}

}  // namespace
}  // namespace dcache::dockerfile
