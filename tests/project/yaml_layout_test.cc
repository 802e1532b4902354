// The layout of Compose files.
#include "dcache/project/yaml_layout.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/random_text.h"

namespace dcache::project::yaml {
namespace {

std::string formatted_yaml(std::string_view text, uint32_t width = 2) {
  return text::apply(text, format_edits(text, width));
}

TEST(YamlFormat, IndentsEachLevelTheSame) {
  const struct {
    const char* before;
    const char* after;
  } cases[] = {
      {"services:\n    web:\n        image: a  \n        ports:\n            - \"1:1\"\n            - 2\n",
       "services:\n  web:\n    image: a\n    ports:\n      - \"1:1\"\n      - 2\n"},
      {"a:\n    b:\n    - c: 1\n      d:\n          e: 2\n    - f\n",
       "a:\n  b:\n  - c: 1\n    d:\n      e: 2\n  - f\n"},
      {"a:\n    b: |\n        x\n          y\n\n        z\n    c: 1\n",
       "a:\n  b: |\n      x\n        y\n\n      z\n  c: 1\n"},
      {"a:\n    # one\n    b: 1\n    # two\n# three\nc: 2\n",
       "a:\n  # one\n  b: 1\n  # two\n# three\nc: 2\n"},
      {"a:\n    b: {x: 1,\n      y: 2}\n    c: \"p\n      q\"\n    d: r\n      s\n",
       "a:\n  b: {x: 1,\n    y: 2}\n  c: \"p\n    q\"\n  d: r\n    s\n"},
      {"x-a: &a\n    b: 1\nc:\n    <<: *a\n    d: *a\n", "x-a: &a\n  b: 1\nc:\n  <<: *a\n  d: *a\n"},
      {"---\na:\n   b: 1\n---\na:\n - b:\n     c: 2\n", "---\na:\n  b: 1\n---\na:\n  - b:\n      c: 2\n"},
      {"a:\r\n    b: 1  \r\n", "a:\r\n  b: 1\r\n"},
      {"- -   a: 1\n      b:\n           c: 2\n", "- -   a: 1\n      b:\n        c: 2\n"},
      {"a: 1", "a: 1"},
      {"", ""},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(formatted_yaml(one.before), one.after) << one.before;
    EXPECT_EQ(formatted_yaml(one.after), one.after) << "again: " << one.after;
    EXPECT_TRUE(have_same_values(one.before, one.after)) << one.before;
  }
  EXPECT_EQ(formatted_yaml("a:\n  b:\n    c: 1\n", 4), "a:\n    b:\n        c: 1\n");
}

TEST(YamlFormat, LeavesWhatItCannotRead) {
  for (const char* text :
       {"a:\n    b: [\n", "a:\n\tb: 1  \n", "a: 1\na: 2  \n", "a:\n    b: |2\n       x\n      y\n"})
    EXPECT_TRUE(formatted_yaml(text) == text || have_same_values(text, formatted_yaml(text))) << text;
}

// Random files of lines: only blanks at the starts and ends of lines change, a second time nothing does.
TEST(YamlFormat, ChangesNothingButBlanks) {
  const std::vector<std::string> lines = {
      "a:",    "b: 1",  "- c",   "- d:",  "- e: \"f  ", "  g\"", "h: |", "  text  ", "# note", "i: {j: 1,",
      "k: 2}", "l: &m", "n: *m", "- - o", "p: 'q r'",   "",      "  ",   "---",      "s"};
  const auto words = [](std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t'; });
    return text;
  };
  size_t changed = 0;
  tests::RandomText random(2);
  for (size_t run = 0; run < 4000 / tests::kScaleDown; ++run) {
    std::string text;
    size_t indent = 0;
    for (uint32_t count = random.below(10); count > 0; --count) {
      const std::string& line = lines[random.below(static_cast<uint32_t>(lines.size()))];
      text += std::string(indent, ' ') + line + (random.below(6) == 0 ? "  \n" : "\n");
      indent = line.ends_with(':') ? indent + 1 + random.below(5)
                                   : indent - std::min(indent, size_t{random.below(3)});
    }
    const std::string after = formatted_yaml(text);
    ASSERT_EQ(words(after), words(text)) << text;
    ASSERT_EQ(formatted_yaml(after), after) << text << "\nfirst:\n" << after;
    if (after == text) continue;
    ++changed;
    ASSERT_TRUE(have_same_values(text, after)) << text;
  }
  EXPECT_GT(changed, 100u / tests::kScaleDown) << "few of the files are YAML";
}

TEST(YamlLayout, FindsAnchors) {
  const std::string text = "a: &one {b: *two}\nc: [*one , \"*no\", x*y]\n# &no\nd: |\n  &no\n*one : 1\n";
  std::string all;
  for (const AnchorName& name : layout_of(text).names)
    all += (name.defines ? "&" : "*") + std::string(name.span.of(text)) + " ";
  EXPECT_EQ(all, "&one *two *one *one ");
}

}  // namespace
}  // namespace dcache::project::yaml
