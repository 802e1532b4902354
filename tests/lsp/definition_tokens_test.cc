// The colors of bake files, and how calls of functions go on.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/lsp/definition_client.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Definition;
using Texts = std::vector<std::string>;

// "keyword target" for each token.
Texts colors(const json& answer, const std::string& text) {
  constexpr const char* kTypes[] = {"keyword",   "comment",  "macro",  "parameter", "property", "class",
                                    "namespace", "variable", "string", "operator",  "function", "number"};
  const lsp::Positions positions(text, lsp::Encoding::kUtf16);
  Texts all;
  lsp::Place place;
  const std::vector<uint32_t> data = answer.at("data");
  for (size_t i = 0; i + 4 < data.size(); i += 5) {
    place = {place.line + data[i], (data[i] == 0 ? place.character : 0) + data[i + 1]};
    const uint32_t begin = positions.offset_of(place);
    const uint32_t end = positions.offset_of({place.line, place.character + data[i + 2]});
    all.push_back(std::string(kTypes[data[i + 3]]) + " " + text.substr(begin, end - begin));
  }
  return all;
}

TEST(BakeColorsInEditors, TellWhatWordsAre) {
  const std::string text =
      "# \xF0\x9F\x98\x80 note\n"
      "target \"web\" {\n"
      "  tags = [\"\xC3\xA9:${upper(TAG)}\"] /* a\n b */\n"
      "  args = { A = x.y, \"B\" = 1 }\n"
      "  pull = true\n"
      "  c = [for v in list : v if v != null]\n"
      "}\n";
  Definition bake("docker-bake.hcl", text);
  EXPECT_EQ(colors(bake.client.result("textDocument/semanticTokens/full", bake.document()), text),
            (Texts{"comment # \xF0\x9F\x98\x80 note",
                   "keyword target",
                   "string \"",
                   "class web",
                   "string \"",
                   "property tags",
                   "operator =",
                   "string \"",
                   "string \xC3\xA9:",
                   "operator ${",
                   "function upper",
                   "variable TAG",
                   "operator }",
                   "string \"",
                   "comment /* a",
                   "comment  b */",
                   "property args",
                   "operator =",
                   "property A",
                   "operator =",
                   "variable x",
                   "property y",
                   "string \"",
                   "string B",
                   "string \"",
                   "operator =",
                   "number 1",
                   "property pull",
                   "operator =",
                   "keyword true",
                   "property c",
                   "operator =",
                   "keyword for",
                   "variable v",
                   "keyword in",
                   "variable list",
                   "operator :",
                   "variable v",
                   "keyword if",
                   "variable v",
                   "operator !=",
                   "keyword null"}));
  EXPECT_EQ(colors(bake.client.result("textDocument/semanticTokens/range", bake.range(5, 6)), text),
            (Texts{"property pull", "operator =", "keyword true"}));
}

TEST(BakeColorsInEditors, AreNotThoseOfComposeAndJson) {
  Definition compose("compose.yaml", test::kCompose);
  EXPECT_TRUE(compose.client.result("textDocument/semanticTokens/full", compose.document()).is_null());
  Definition in_json("docker-bake.json", "{}");
  EXPECT_TRUE(in_json.client.result("textDocument/semanticTokens/full", in_json.document()).is_null());
}

// A long line and many levels take no longer than their size lets expect.
TEST(BakeColorsInEditors, TakeLargeFiles) {
  std::string line = "a = [";
  std::string deep = "a = ";
  for (int i = 0; i < 20'000; ++i) {
    line += "\"\xC3\xA9\", ";
    deep += "\"${[";
  }
  Definition bake("docker-bake.hcl", line + "]\n");
  for (const std::string& text : {line + "]\n", deep, std::string("\"\\")}) {
    bake.change(text);
    for (const char* method : {"textDocument/semanticTokens/full", "textDocument/documentSymbol",
                               "textDocument/foldingRange", "textDocument/documentLink"})
      EXPECT_FALSE(bake.client.result(method, bake.document()).is_null()) << method;
  }
}

TEST(BakeCallsInEditors, ShowTheirParameters) {
  Definition bake("docker-bake.hcl", "");
  const auto shown = [&](const std::string& text) -> std::string {
    bake.change(text);
    const auto line = static_cast<uint32_t>(std::ranges::count(text, '\n'));
    const auto character = static_cast<uint32_t>(text.size() - text.rfind('\n') - 1);
    const json help = bake.client.result("textDocument/signatureHelp", bake.at(line, character));
    if (help.is_null()) return "nothing";
    return help.at("signatures").at(0).at("label").get<std::string>() + " " +
           help.at("activeParameter").dump();
  };
  EXPECT_EQ(shown("a = replace(\"x\", "), "replace(string, string, string) 1");
  EXPECT_EQ(shown("a = \"${upper("), "upper(string) 0");
  EXPECT_EQ(shown("function \"f\" {\n  params = [x, y]\n  variadic_params = z\n  result = x\n}\na = f(1, [2, "
                  "3], 4, 5, "),
            "f(x, y, z…) 2");
  EXPECT_EQ(shown("a = upper(1) "), "nothing");
  EXPECT_EQ(shown("a = nope("), "nothing");
}

}  // namespace
}  // namespace dcache
