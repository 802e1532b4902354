// The outline of compose and bake files, what can be folded, and what a selection grows to.
#include <string>
#include <vector>

#include "tests/lsp/definition_client.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Definition;
using test::LspClient;
using Texts = std::vector<std::string>;

Texts outline(const json& symbols, const std::string& indent = "") {
  Texts all;
  for (const json& one : symbols) {
    all.push_back(indent + one.value("detail", "") + " " + one.at("name").get<std::string>() + " " +
                  LspClient::words_of(one.at("range")) + " " + LspClient::words_of(one.at("selectionRange")));
    if (!one.contains("children")) continue;
    for (const std::string& child : outline(one.at("children"), indent + "  "))
      all.push_back(child);
  }
  return all;
}

Texts folds(Definition& definition) {
  Texts all;
  for (const json& one : definition.client.result("textDocument/foldingRange", definition.document()))
    all.push_back(one.at("startLine").dump() + "-" + one.at("endLine").dump() + one.value("kind", ""));
  return all;
}

Texts selected(Definition& definition, uint32_t line, uint32_t character) {
  json params = definition.document();
  params["positions"] = json::array({definition.at(line, character).at("position")});
  Texts all;
  json range = definition.client.result("textDocument/selectionRange", params).at(0);
  for (; !range.is_null(); range = range.value("parent", json()))
    all.push_back(LspClient::words_of(range.at("range")));
  return all;
}

const std::string kOutlinedCompose =
    "# one\n"                  // 0
    "# two\n"                  // 1
    "services:\n"              // 2
    "  web:\n"                 // 3
    "    image: a\n"           // 4
    "    networks: [front]\n"  // 5
    "  db:\n"                  // 6
    "    volumes:\n"           // 7
    "    - data:/x\n"          // 8
    "\n"                       // 9
    "networks:\n"              // 10
    "  front: {}\n"            // 11
    "volumes:\n"               // 12
    "  data:\n";               // 13

TEST(ComposeOutlineInEditors, HasSectionsWithWhatIsInThem) {
  Definition compose("compose.yaml", kOutlinedCompose);
  EXPECT_EQ(outline(compose.client.result("textDocument/documentSymbol", compose.document())),
            (Texts{" services 2:0-8:13 2:0-2:8", "   web 3:2-5:21 3:2-3:5", "   db 6:2-8:13 6:2-6:4",
                   " networks 10:0-11:11 10:0-10:8", "   front 11:2-11:11 11:2-11:7",
                   " volumes 12:0-13:7 12:0-12:7", "   data 13:2-13:7 13:2-13:6"}));
}

TEST(ComposeOutlineInEditors, FoldsAndSelectsBlocks) {
  Definition compose("compose.yaml", kOutlinedCompose);
  EXPECT_EQ(folds(compose), (Texts{"0-1comment", "2-8", "3-5", "6-8", "7-8", "10-11", "12-13"}));
  EXPECT_EQ(selected(compose, 4, 5), (Texts{"4:4-4:9", "4:4-4:12", "3:2-5:21", "2:0-8:13", "0:0-14:0"}));
}

const std::string kOutlinedBake =
    "# one\n"                        // 0
    "# two\n"                        // 1
    "variable \"TAG\" {\n"           // 2
    "  default = \"1\"\n"            // 3
    "}\n"                            // 4
    "OTHER = 2\n"                    // 5
    "function \"f\" {\n"             // 6
    "  params = [a]\n"               // 7
    "  result = a\n"                 // 8
    "}\n"                            // 9
    "target \"web\" {\n"             // 10
    "  args = {\n"                   // 11
    "    A = f(TAG)\n"               // 12
    "  }\n"                          // 13
    "  dockerfile-inline = <<EOT\n"  // 14
    "FROM a\n"                       // 15
    "EOT\n"                          // 16
    "}\n"                            // 17
    "group \"g\" { targets = [\"web\"] }\n";

TEST(BakeOutlineInEditors, HasBlocks) {
  Definition bake("docker-bake.hcl", kOutlinedBake);
  EXPECT_EQ(outline(bake.client.result("textDocument/documentSymbol", bake.document())),
            (Texts{"variable TAG 2:0-4:1 2:10-2:13", " OTHER 5:0-5:9 5:0-5:5", "function f 6:0-9:1 6:10-6:11",
                   "target web 10:0-17:1 10:8-10:11", "group g 18:0-18:31 18:7-18:8"}));
}

TEST(BakeOutlineInEditors, FoldsAndSelectsBrackets) {
  Definition bake("docker-bake.hcl", kOutlinedBake);
  EXPECT_EQ(folds(bake), (Texts{"0-1comment", "2-3", "6-8", "10-16", "11-12", "14-15"}));
  EXPECT_EQ(selected(bake, 12, 11),
            (Texts{"12:10-12:13", "12:9-12:14", "12:4-12:14", "11:10-13:2", "11:9-13:3", "11:2-13:3",
                   "10:14-17:0", "10:13-17:1", "10:0-17:1", "0:0-19:0"}));
}

TEST(BakeOutlineInEditors, TakesBrokenAndJsonFiles) {
  Definition bake("docker-bake.hcl", "target \"web\" {\n  args = {\n");
  EXPECT_EQ(folds(bake), Texts{});
  EXPECT_FALSE(selected(bake, 1, 3).empty());
  Definition in_json("docker-bake.json", "{\n}\n");
  EXPECT_EQ(outline(in_json.client.result("textDocument/documentSymbol", in_json.document())), Texts{});
}

}  // namespace
}  // namespace dcache
