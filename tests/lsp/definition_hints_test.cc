// What editors show next to build arguments and to values that replace others.
#include <string>
#include <utility>
#include <vector>

#include "tests/lsp/definition_client.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Definition;
using Texts = std::vector<std::string>;

Texts hints(Definition& definition, uint32_t first, uint32_t last) {
  Texts all;
  for (const json& one : definition.client.result("textDocument/inlayHint", definition.range(first, last))) {
    const json& place = one.at("position");
    all.push_back(place.at("line").dump() + ":" + place.at("character").dump() + " " +
                  one.at("label").get<std::string>());
  }
  return all;
}

TEST(BakeHintsInEditors, AreTheDefaultsOfArguments) {
  Definition bake("docker-bake.hcl", test::kBake);
  EXPECT_EQ(hints(bake, 0, 19), (Texts{"12:17 default: 1"}));
  EXPECT_EQ(hints(bake, 13, 19), Texts{}) << "not in the range";
  bake.change(
      "target \"web\" {\n  context = \"web\"\n  dockerfile = \"Dockerfile.dev\"\n  args = { VERSION = \"x\", "
      "O = 1 }\n}\n");
  EXPECT_EQ(hints(bake, 0, 5), (Texts{"3:24 default: 1"}));
}

TEST(ComposeHintsInEditors, AreTheDefaultsOfArguments) {
  Definition compose("compose.yaml", test::kCompose);
  EXPECT_EQ(hints(compose, 0, 14), (Texts{"10:18 default: 1"}));
  const std::string web =
      "services:\n  web:\n    build:\n      context: web\n      dockerfile: Dockerfile.dev\n      args:";
  for (const auto& [args, hint] : {std::pair{"\n        - VERSION=2 # a\n", "6:19 default: 1"},
                                   std::pair{"\n        - VERSION\n", "6:17 default: 1"},
                                   std::pair{" {VERSION: \"2\", O: 1}\n", "5:25 default: 1"},
                                   std::pair{"\n        VERSION:\n", "6:15 default: 1"}}) {
    compose.change(web + args);
    EXPECT_EQ(hints(compose, 0, 8), Texts{hint}) << args;
  }
}

TEST(ComposeHintsInEditors, AreTheValuesThatOthersReplace) {
  Definition compose("compose.yaml", "");
  compose.change(
      "services:\n"
      "  base:\n"
      "    image: a\n"
      "    restart: always\n"
      "    deploy: {replicas: 1}\n"
      "  mid:\n"
      "    extends: base\n"
      "    image: b\n"
      "  top:\n"
      "    extends:\n"
      "      service: mid\n"
      "    image: c # d\n"
      "    restart: \"no\"\n"
      "    deploy:\n"
      "      replicas: 2\n"
      "  round:\n"
      "    extends: round\n"
      "    image: x\n");
  EXPECT_EQ(hints(compose, 0, 20),
            (Texts{"7:12 replaces: a", "11:16 replaces: b", "12:17 replaces: always", "14:17 replaces: 1"}));
}

}  // namespace
}  // namespace dcache
