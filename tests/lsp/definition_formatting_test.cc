// The layout of compose and bake files, as editors change it.
#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/lsp/definition_client.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Definition;
using test::LspClient;

const json kTwoSpaces = {{"tabSize", 2}, {"insertSpaces", true}};

// The text after the edits of an answer, which may be in any order.
std::string after_edits(const std::string& text, const json& edits) {
  std::vector<json> sorted = edits;
  std::ranges::sort(sorted, std::ranges::greater(), [](const json& edit) {
    const lsp::Place start = lsp::place_from(edit.at("range").at("start"));
    return std::pair(start.line, start.character);
  });
  json changes = json::array();
  for (const json& edit : sorted)
    changes.push_back({{"range", edit.at("range")}, {"text", edit.at("newText")}});
  return test::changed(text, changes);
}

std::string laid_out(Definition& definition, const std::string& text, json params, const char* method) {
  definition.change(text);
  params["options"] = kTwoSpaces;
  return after_edits(text, definition.client.result(method, params));
}

TEST(BakeFormattingInEditors, ChangesTheFileARangeAndTheNextLine) {
  Definition bake("docker-bake.hcl", "");
  const std::string text =
      "target \"a\" {\ncontext=\".\"\ndockerfile=\"D\"\n}\ntarget \"b\" {\ncontext=\".\"\n}\n";
  EXPECT_EQ(laid_out(bake, text, bake.document(), "textDocument/formatting"),
            "target \"a\" {\n  context    = \".\"\n  dockerfile = \"D\"\n}\ntarget \"b\" {\n  context = "
            "\".\"\n}\n");
  EXPECT_EQ(laid_out(bake, text, bake.range(4, 7), "textDocument/rangeFormatting"),
            "target \"a\" {\ncontext=\".\"\ndockerfile=\"D\"\n}\ntarget \"b\" {\n  context = \".\"\n}\n");
  const auto typed = [&](const std::string& before) {
    bake.change(before);
    const auto line = static_cast<uint32_t>(std::ranges::count(before, '\n'));
    json params = bake.at(line, static_cast<uint32_t>(before.size() - before.rfind('\n') - 1));
    params["options"] = kTwoSpaces;
    params["ch"] = "\n";
    return after_edits(before, bake.client.result("textDocument/onTypeFormatting", params));
  };
  EXPECT_EQ(typed("target \"a\" {\n"), "target \"a\" {\n  ");
  EXPECT_EQ(typed("target \"a\" {\n  args = {\n  "), "target \"a\" {\n  args = {\n    ");
  EXPECT_EQ(typed("target \"a\" {\n  tags = []\n"), "target \"a\" {\n  tags = []\n  ");
  EXPECT_EQ(typed("target \"a\" {\n}\n  "), "target \"a\" {\n}\n");
  EXPECT_EQ(typed("a = <<E\n"), "a = <<E\n") << "a text is left alone";
}

TEST(BakeFormattingInEditors, LeavesBrokenFilesAndJson) {
  Definition bake("docker-bake.hcl", "");
  EXPECT_EQ(laid_out(bake, "target \"a\" {\ncontext=\n}\n", bake.document(), "textDocument/formatting"),
            "target \"a\" {\ncontext=\n}\n");
  Definition in_json("docker-bake.json", "{}");
  EXPECT_EQ(laid_out(in_json, "{ \"target\":{}}\n", in_json.document(), "textDocument/formatting"),
            "{ \"target\":{}}\n");
}

// An editor gets one edit in place of many thousands.
TEST(BakeFormattingInEditors, TakesLargeFiles) {
  std::string text;
  std::string after;
  for (int i = 0; i < 20'000; ++i) {
    text += "a" + std::to_string(i) + "=1\n\n";
    after += "a" + std::to_string(i) + " = 1\n\n";
  }
  Definition bake("docker-bake.hcl", text);
  json params = bake.document();
  params["options"] = kTwoSpaces;
  const json edits = bake.client.result("textDocument/formatting", params);
  EXPECT_EQ(edits.size(), 1u);
  EXPECT_EQ(after_edits(text, edits), after);
}

TEST(ComposeFormattingInEditors, ChangesTheFileARangeAndTheNextLine) {
  Definition compose("compose.yaml", "");
  const std::string text = "services:\n    web:\n        image: a  # b\n    db:\n        image: c\n";
  EXPECT_EQ(laid_out(compose, text, compose.document(), "textDocument/formatting"),
            "services:\n  web:\n    image: a  # b\n  db:\n    image: c\n");
  EXPECT_EQ(laid_out(compose, text, compose.range(3, 4), "textDocument/rangeFormatting"), text)
      << "db would not be next to web any more";
  const std::string wide = "services:\n  web:\n        image: a\n";
  EXPECT_EQ(laid_out(compose, wide, compose.range(2, 3), "textDocument/rangeFormatting"),
            "services:\n  web:\n    image: a\n");
  const auto typed = [&](const std::string& before) {
    compose.change(before);
    const auto line = static_cast<uint32_t>(std::ranges::count(before, '\n'));
    json params = compose.at(line, 0);
    params["options"] = kTwoSpaces;
    params["ch"] = "\n";
    return after_edits(before, compose.client.result("textDocument/onTypeFormatting", params));
  };
  EXPECT_EQ(typed("services:\n"), "services:\n  ");
  EXPECT_EQ(typed("services:\n  web:\n    ports:\n    - a: 1\n"),
            "services:\n  web:\n    ports:\n    - a: 1\n      ");
  EXPECT_EQ(typed("a: |\n"), "a: |\n");
}

}  // namespace
}  // namespace dcache
