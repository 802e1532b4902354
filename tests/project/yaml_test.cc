#include "dcache/project/yaml.h"

#include <gtest/gtest.h>

#include "dcache/text/failure.h"
#include "tests/cpu_time.h"
#include "tests/project/long_text.h"
#include "tests/random_text.h"

namespace dcache::project::yaml {
namespace {

// A tree on one line: "{a: [text 1, integer 2], b: null}".
std::string shown_tree(const Value& value) {
  std::string text = value.tag.empty() ? "" : value.tag + " ";
  if (value.is_list()) {
    text += "[";
    for (const Value& item : value.items)
      text += (text.ends_with('[') ? "" : ", ") + shown_tree(item);
    return text + "]";
  }
  if (value.is_map()) {
    text += "{";
    for (const Member& member : value.members)
      text += (text.ends_with('{') ? "" : ", ") + member.name + ": " + shown_tree(member.value);
    return text + "}";
  }
  if (value.is_null()) return text + "null";
  return text + (value.is_text() ? "'" + value.text + "'" : printed(value));
}

std::string shown_tree(std::string_view yaml) {
  std::string all;
  const Documents documents = parse(yaml, "f.yaml");
  for (const Value& value : documents.values)
    all += (all.empty() ? "" : " | ") + shown_tree(value);
  for (const text::Failure& failure : documents.failures)
    all += (all.empty() ? "! " : " ! ") + words_of(failure);
  return all;
}

struct YamlCase {
  std::string_view yaml;
  std::string_view shown;
};

TEST(Yaml, IsReadAsGoReadsIt) {
  const YamlCase cases[] = {
      {"a: 1\nb: [x, 'y', \"z\"]\n", "{a: 1, b: ['x', 'y', 'z']}"},
      {"a: 010\nb: 0x1F\nc: 0o17\nd: 0b11\ne: 1_000\nf: -0\ng: +12\n",
       "{a: 8, b: 31, c: 15, d: 3, e: 1000, f: 0, g: 12}"},
      {"a: 1.10\nb: 1e3\nc: .5\nd: 1e21\ne: 0.000001\nf: 123456789.125\ng: 08\nh: 1000000.0\n",
       "{a: 1.1, b: 1000, c: 0.5, d: 1e+21, e: 1e-06, f: 1.23456789125e+08, g: 8, h: 1e+06}"},
      {"a: .inf\nb: -.INF\nc: .NaN\n", "{a: +Inf, b: -Inf, c: NaN}"},
      {"a: yes\nb: True\nc: ~\nd:\ne: ''\nf: NULL\n",
       "{a: 'yes', b: true, c: null, d: null, e: '', f: null}"},
      {"a: 2024-01-01\nb: 2:30\nc: 1.2.3\n", "{a: 2024-01-01, b: '2:30', c: '1.2.3'}"},
      {"a: !!str 010\nb: !!int '3'\nc: !!float 3\nd: !!binary aGVsbG8=\ne: !x 3\n",
       "{a: '010', b: 3, c: 3, d: 'hello', e: !x '3'}"},
      {"a: !reset null\nb: !override [1]\nc: !reset\n", "{a: !reset 'null', b: !override [1], c: !reset ''}"},
      {"a: &x {k: 1, l: 2}\nb:\n  l: 3\n  <<: *x\n", "{a: {k: 1, l: 2}, b: {l: 3, k: 1}}"},
      {"a: &x {k: 1}\nb: &y {k: 2, l: 3}\nc:\n  <<: [*x, *y]\n",
       "{a: {k: 1}, b: {k: 2, l: 3}, c: {k: 1, l: 3}}"},
      {"a: {'<<': 1}\n", "{a: {<<: 1}}"},
      {"a: 1\n---\nb: 2\n...\n---\n- c\n", "{a: 1} | {b: 2} | ['c']"},
      {"\xEF\xBB\xBF"
       "a: |\n  x\n   y\n\nb: >-\n  x\n  y\n",
       "{a: 'x\n y\n', b: 'x y'}"},
      {"1: a\ntrue: b\n", "{1: 'a', true: 'b'}"},
      {"", ""},
      {"# nothing\n", ""},
  };
  for (const YamlCase& c : cases)
    EXPECT_EQ(shown_tree(c.yaml), c.shown) << c.yaml;
}

TEST(Yaml, WhatIsWrongHasItsPlaceAndTheRestIsRead) {
  const YamlCase cases[] = {
      {"a: 1\nb: 2\na: 3\n",
       "{a: 1, b: 2} ! f.yaml:3:1: 'a' is here twice: it is on line 1 too; remove one of them"},
      {"a: 1\n---\nb: [\n",
       "{a: 1} ! f.yaml:4:1: this is not YAML: end of sequence flow not found; see https://yaml.org for the "
       "format"},
      {"a: 1\n--- # two\nb: 1\n...\n# three\nc: 1\n", "{a: 1} | {b: 1} | {c: 1}"},
      {"{a: 1}\nb\n",
       "{a: 1} ! f.yaml:2:1: what is here is not a part of the lines before it; indent it as they are, or "
       "start "
       "a document with a line '---'"},
      {"a:\n  <<: 3\n  b: 1\n",
       "{a: {b: 1}} ! f.yaml:2:7: '<<' needs a map or a list of maps; refer to a map by its anchor: '<<: "
       "*NAME'"},
      {"? [x]\n: 1\nb: 2\n",
       "{b: 2} ! f.yaml:1:3: the name of a member is a list or a map; write a text before the colon"},
      {"a: 1\n---\nb: \"x\\\"\n  y\n",
       "{a: 1} ! f.yaml:3:4: the quote that starts here is not closed; add \" at the end of the text"},
      {"b: &x 'it''s\n",
       "! f.yaml:1:4: the quote that starts here is not closed; add ' at the end of the text"},
      {"a: \"x\\\\\"\nb: 'it''s'\n", "{a: 'x\\', b: 'it's'}"},
      {"a: &x [*x]\n", "! f.yaml:1:8: the alias refers to what it is itself a part of"},
      {std::string_view("a: 1\nb: \0\n", 10),
       "! f.yaml:2:4: the file contains a control character; save it as UTF-8 text"},
      {"a: \xFF\n", "! f.yaml:1:4: the file contains bytes that are not UTF-8; save it as UTF-8 text"},
      {std::string_view("\xFF\xFE"
                        "a\0",
                        4),
       "! f.yaml:1:1: the file is UTF-16; save it as UTF-8 text"},
  };
  for (const YamlCase& c : cases)
    EXPECT_EQ(shown_tree(c.yaml), c.shown) << c.yaml;
}

TEST(Yaml, NoTextTakesLongOrTooMuchMemory) {
  constexpr size_t kLarge = 10 << 20;
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1), comma = ", ";
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 10; ++j)
      bomb += comma + last;
    bomb += "]\n";
  }
  std::string merges = "a0: &a0 {x: 1, y: {z: 1}}\n";
  for (int i = 1; i < 3000; ++i)
    merges += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: *a" + std::to_string(i - 1) +
              ", k" + std::to_string(i) + ": 1}\n";
  std::string chain = "a0: &a0 {x: 1}\n";
  for (int i = 1; i < 3000; ++i)
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {x: *a" + std::to_string(i - 1) + "}\n";
  const std::string long_text =
      "a: &a " + std::string(1 << 20, 'x') + "\nb: [" + repeated_to_size("*a, ", 4000) + "*a]\n";
  const std::string texts[] = {
      bomb,
      merges,
      chain,
      long_text,
      std::string(kLarge, '['),
      std::string(kLarge, '{'),
      repeated_to_size("[\n", kLarge),
      repeated_to_size("[],", kLarge),
      "[" + repeated_to_size("a,", kLarge),
      repeated_to_size("- ", kLarge),
      repeated_to_size("? ", kLarge),
      repeated_to_size("a: ", kLarge),
      repeated_to_size("&a ", kLarge),
      repeated_to_size("!a ", kLarge),
      repeated_to_size("- a\n", kLarge),
      "a: '" + repeated_to_size("[[[[{{{{", kLarge) + "'",
  };
  for (const std::string& text : texts) {
    const tests::CpuTime time;
    const Documents documents = parse(text, "f.yaml");
    EXPECT_FALSE(documents.failures.empty()) << text.substr(0, 40);
    EXPECT_LT(time.seconds(), 20) << text.substr(0, 40);
  }
}

TEST(Yaml, LargeTextsAreRead) {
  constexpr size_t kLarge = (4 << 20) / tests::kScaleDown;
  const std::string texts[] = {
      "a: |\n" + repeated_to_size("  some text [ { here\n", kLarge),
      "a: " + std::string(kLarge, 'x'),
      "a: \"" + repeated_to_size("text\\n", kLarge) + "\"",
      "a: " + repeated_to_size("text\n   ", kLarge),
      repeated_to_size("# comment\n", kLarge) + "a: b",
      repeated_to_size("\n", kLarge) + "a: b",
  };
  for (const std::string& text : texts) {
    const Documents documents = parse(text, "f.yaml");
    EXPECT_TRUE(documents.failures.empty()) << words_of(documents.failures.front()) << text.substr(0, 40);
    EXPECT_EQ(documents.values.size(), 1U) << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace dcache::project::yaml
