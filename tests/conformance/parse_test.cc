// The syntax trees that BuildKit's parser gave for published Dockerfiles.
#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "dcache/dockerfile/layout.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/report/tree_json.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

using nlohmann::json;

// "… on line 7: …" -> 7
std::string line_in(const std::string& message) {
  const size_t at = message.find("on line ");
  return at == std::string::npos ? "?" : message.substr(at + 8, message.find(':', at) - at - 8);
}

// What is compared of a tree: errors by fact and line, since their words are our own.
json comparable(json tree) {
  if (tree.contains("error")) return {{"file", tree["file"]}, {"error", true}};
  if (tree.contains("instruction_error")) tree["instruction_error"] = line_in(tree["instruction_error"]);
  return tree;
}

TEST(RecordedTrees, AreTheSame) {
  DCACHE_NEEDS_ORACLE();
  std::map<std::string, json> recorded;
  ASSERT_TRUE(conformance::for_each_record(
      "parse.jsonl.xz", [&](const json& tree) { recorded[tree.at("file")] = comparable(tree); }));
  int compared = 0, differences = 0;
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    std::string out;
    report::append_tree(dockerfile::parse(text), name, out);
    const json tree = comparable(json::parse(out));
    ++compared;
    if (tree == recorded[name]) return;
    if (++differences <= 3) ADD_FAILURE() << name << "\n" << json::diff(recorded[name], tree).dump(1);
  }));
  std::printf("accuracy: BuildKit's parser: %d of %d files the same\n", compared - differences, compared);
  EXPECT_EQ(compared, static_cast<int>(recorded.size()));
  EXPECT_EQ(differences, 0);
}

TEST(RecordedDockerfiles, AreRebuiltByteForByte) {
  DCACHE_NEEDS_ORACLE();
  int compared = 0;
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    const dockerfile::File file = dockerfile::parse(text);
    std::string rebuilt;
    for (const dockerfile::Token& token : dockerfile::tokens(file)) {
      EXPECT_EQ(token.span.begin, rebuilt.size()) << name;
      rebuilt += token.span.of(file.source());
    }
    EXPECT_EQ(rebuilt, text) << name;
    ++compared;
  }));
  std::printf("%d files rebuilt\n", compared);
}

// Every word of an instruction, and nothing but words, is found at its span.
TEST(RecordedDockerfiles, HaveNothingBetweenWordsThatMatters) {
  DCACHE_NEEDS_ORACLE();
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    const dockerfile::File file = dockerfile::parse(text);
    for (const dockerfile::Token& token : dockerfile::tokens(file)) {
      if (token.kind != dockerfile::TokenKind::kOther) continue;
      const std::string_view between = token.span.of(file.source());
      const bool unknown_instruction = file.first_error(dockerfile::Error::Phase::kInstruction) != nullptr;
      EXPECT_TRUE(unknown_instruction ||
                  between.find_first_not_of("=[], \t\r\n\\`") == std::string_view::npos)
          << name << ": '" << between << "'";
    }
  }));
}

}  // namespace
}  // namespace dcache
