// What editors ask about compose and bake files.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "tests/lsp/definition_client.h"
#include "tests/system.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Definition;
using test::kBake;
using test::kCompose;
using test::LspClient;
using test::TemporaryFolder;
using Texts = std::vector<std::string>;

TEST(ComposeInEditors, LeadsToDockerfilesStagesAndArguments) {
  Definition compose("compose.yaml", kCompose);
  EXPECT_EQ(compose.definition(13, 18), (Texts{"compose.yaml 1:2-1:6"})) << "a service";
  EXPECT_EQ(compose.definition(12, 24), (Texts{"compose.yaml 1:2-1:6"})) << "a service as a context";
  EXPECT_EQ(compose.definition(6, 16), (Texts{"web/Dockerfile.dev 0:0-0:0"}));
  EXPECT_EQ(compose.definition(7, 20), (Texts{"web/Dockerfile.dev 0:0-0:0"}));
  EXPECT_EQ(compose.definition(8, 16), (Texts{"web/Dockerfile.dev 1:0-1:19"}));
  EXPECT_EQ(compose.definition(10, 10), (Texts{"web/Dockerfile.dev 2:4-2:11"}));
  EXPECT_EQ(compose.definition(0, 3), (Texts{}));
}

TEST(ComposeInEditors, ExplainsKeysImagesStagesAndArguments) {
  Definition compose("compose.yaml", kCompose);
  const struct {
    uint32_t line;
    uint32_t character;
    const char* says;
  } cases[] = {{6, 8, "The build context"},
               {5, 6, "How the image of this service is built"},
               {3, 3, "`web`: stage `app` of `web/Dockerfile.dev`, context `web`\n- `VERSION=2`"},
               {8, 16, "`FROM scratch AS app` in line 2"},
               {10, 10, "`ARG VERSION=1` in line 3"}};
  for (const auto& one : cases)
    EXPECT_NE(compose.hover(one.line, one.character).find(one.says), std::string::npos)
        << one.says << "\n"
        << compose.hover(one.line, one.character);
}

TEST(ComposeInEditors, CompletesFromTheDockerfile) {
  Definition compose("compose.yaml", kCompose);
  const std::string build =
      "services:\n  base:\n    build: .\n  web:\n    build:\n      context: web\n      dockerfile: "
      "Dockerfile.dev\n";
  EXPECT_EQ(compose.labels(build + "      target: "), (Texts{"base", "app"}));
  EXPECT_EQ(compose.labels(build + "      target: a"), (Texts{"app"}));
  EXPECT_EQ(compose.labels(build + "      args:\n        V"), (Texts{"VERSION"}));
  EXPECT_EQ(compose.labels(build + "      args:\n      - V"), (Texts{"VERSION"}));
  EXPECT_EQ(compose.labels(build + "      ta"), (Texts{"target", "tags"}));
  EXPECT_EQ(compose.labels(build + "    depends_on: ["), (Texts{"base"}));
  EXPECT_EQ(compose.labels(build + "    depends_on:\n    - b"), (Texts{"base"}));
  EXPECT_EQ(compose.labels("services:\n  web:\n    build:\n      context: web\n      dockerfile: D"),
            (Texts{"Dockerfile.dev"}));
  EXPECT_EQ(compose.labels("services:\n  web:\n    build:\n      context: .\n      dockerfile: web/D"),
            (Texts{"web/Dockerfile.dev"}));
  EXPECT_EQ(compose.labels("services:\n  web:\n    build:\n      dockerfile: w"), (Texts{"web"}));
  EXPECT_EQ(compose.labels("services:\n  web:\n    bu"), (Texts{"build"}));
  EXPECT_EQ(compose.labels("s"), (Texts{"services", "secrets"}));
  EXPECT_EQ(
      compose.labels("services:\n  web:\n    build: {context: web, dockerfile: Dockerfile.dev, target: "),
      (Texts{"base", "app"}));
  EXPECT_EQ(compose.labels("services: {web: {build: {context: web, dockerfile: Dockerfile.dev, ta"),
            (Texts{"target", "tags"}));
}

TEST(ComposeInEditors, TellsWhatImagesLack) {
  Definition compose("compose.yaml", kCompose);
  const std::string web =
      "services:\n  web:\n    build:\n      context: web\n      dockerfile: Dockerfile.dev\n";
  EXPECT_EQ(compose.findings(web + "      target: gone\n      args: {NO: 1, VERSION: 2, HTTP_PROXY: x}\n"),
            (Texts{"1 5:14-5:18 the Dockerfile has no stage 'gone'",
                   "2 6:13-6:15 the Dockerfile has no ARG NO, so this build argument has no effect"}));
  const Texts unreadable = compose.findings("services:\n  web:\n    build: gone\n");
  ASSERT_EQ(unreadable.size(), 1u);
  EXPECT_TRUE(unreadable.front().starts_with("1 2:11-2:15 the Dockerfile ") ||
              unreadable.front().starts_with("1 1:2-1:5 the Dockerfile "))
      << unreadable.front();
  const Texts broken = compose.findings("services:\n  web: [\n");
  ASSERT_FALSE(broken.empty());
  EXPECT_TRUE(broken.front().starts_with("1 ")) << broken.front();
}

TEST(ComposeInEditors, ListsFindingsOfTheDockerfile) {
  Definition compose("compose.yaml", kCompose);
  // An error, and a suggestion about style, which is not worth a word here.
  compose.client.open(compose.path().substr(0, compose.path().rfind('/')) + "/Dockerfile",
                      "from alpine:3\nCOPY --from=9 a b\n");
  json told;
  for (int i = 0; i < 4 && told.is_null(); ++i) {
    const json report = compose.client.next("textDocument/publishDiagnostics").at("params");
    if (report.at("uri") != lsp::uri_of(compose.path())) continue;
    for (const json& one : report.at("diagnostics")) {
      if (one.at("severity") == 3) told = one;
    }
  }
  ASSERT_FALSE(told.is_null());
  const std::string message = told.at("message");
  EXPECT_NE(message.find("in the Dockerfile of this image: "), std::string::npos) << message;
  EXPECT_NE(message.find("DC0001"), std::string::npos) << message;
  EXPECT_FALSE(told.at("relatedInformation").empty());
}

TEST(BakeInEditors, CompletesDockerfilesInSubfolders) {
  Definition bake("docker-bake.hcl", kBake);
  EXPECT_EQ(bake.labels("target \"a\" {\n  dockerfile = \"web/D"), (Texts{"web/Dockerfile.dev"}));
  EXPECT_EQ(bake.labels("target \"a\" {\n  dockerfile = \""), (Texts{"Dockerfile", "web"}));
}

TEST(BakeInEditors, LeadsToTargetsVariablesAndStages) {
  Definition bake("docker-bake.hcl", kBake);
  EXPECT_EQ(bake.definition(4, 15), (Texts{"docker-bake.hcl 6:8-6:11"}));
  EXPECT_EQ(bake.definition(16, 15), (Texts{"docker-bake.hcl 6:8-6:11"}));
  EXPECT_EQ(bake.definition(17, 32), (Texts{"docker-bake.hcl 6:8-6:11"}));
  EXPECT_EQ(bake.definition(10, 18), (Texts{"docker-bake.hcl 0:10-0:13"})) << "in a template";
  EXPECT_EQ(bake.definition(12, 15), (Texts{"docker-bake.hcl 0:10-0:13"}));
  EXPECT_EQ(bake.definition(9, 13), (Texts{"web/Dockerfile.dev 1:0-1:19"}));
  EXPECT_EQ(bake.definition(12, 6), (Texts{"web/Dockerfile.dev 2:4-2:11"}));
  EXPECT_EQ(bake.definition(8, 18), (Texts{"web/Dockerfile.dev 0:0-0:0"}));
}

TEST(BakeInEditors, RenamesTargetsAndVariables) {
  Definition bake("docker-bake.hcl", kBake);
  const auto renamed = [&](uint32_t line, uint32_t character) {
    json params = bake.at(line, character);
    params["newName"] = "x";
    Texts all;
    const json edits =
        bake.client.result("textDocument/rename", params).at("changes").at(lsp::uri_of(bake.path()));
    for (const json& edit : edits)
      all.push_back(LspClient::words_of(edit.at("range")));
    return all;
  };
  EXPECT_EQ(renamed(6, 9), (Texts{"4:14-4:17", "6:8-6:11", "16:15-16:18", "17:30-17:33"}));
  EXPECT_EQ(renamed(12, 15), (Texts{"0:10-0:13", "10:17-10:20", "12:14-12:17"}));
}

TEST(BakeInEditors, ExplainsAndCompletes) {
  Definition bake("docker-bake.hcl", kBake);
  EXPECT_NE(bake.hover(9, 4).find("The stage to build"), std::string::npos);
  EXPECT_NE(bake.hover(6, 3).find("one call of"), std::string::npos);
  EXPECT_NE(bake.hover(6, 9).find("`web`: stage `app` of `web/Dockerfile.dev`"), std::string::npos);
  const std::string web = "target \"web\" {\n  context = \"web\"\n  dockerfile = \"Dockerfile.dev\"\n";
  EXPECT_EQ(bake.labels(web + "  target = \""), (Texts{"base", "app"}));
  EXPECT_EQ(bake.labels(web + "  args = {\n    V"), (Texts{"VERSION"}));
  EXPECT_EQ(bake.labels(web + "  pl"), (Texts{"platforms"}));
  EXPECT_EQ(bake.labels(web + "}\ngroup \"default\" {\n  targets = [\""), (Texts{"web"}));
  EXPECT_EQ(bake.labels("gr"), (Texts{"group"}));
  EXPECT_EQ(bake.labels(web + "}\ngroup \"default\" { targets = [\""), (Texts{"web"}));
  EXPECT_EQ(bake.labels("target \"o\" {}\n" + web + "  inherits = [\""), (Texts{"o"}));
  EXPECT_EQ(bake.labels("variable \"TAG\" {}\n" + web + "  tags = [\"web:${T"), (Texts{"TAG"}));
}

TEST(BakeInEditors, TellsWhatCannotBeRead) {
  Definition bake("docker-bake.hcl", kBake);
  const Texts findings = bake.findings("target \"web\" {\n  context = nope\n}\n");
  ASSERT_FALSE(findings.empty());
  EXPECT_TRUE(findings.front().starts_with("1 1:12-")) << findings.front();
}

// A repository whose definitions name files outside of it, or a link to one. No answer contains "secret".
TEST(DefinitionsInEditors, ShowNoFileOutsideOfTheRepository) {
  const TemporaryFolder folder;
  folder.write("outside/Dockerfile", "FROM scratch AS secret\nARG SECRET=secret\nCOPY --from=secret-9 a b\n");
  folder.write("r/.git/HEAD", "ref: refs/heads/main\n");
  test::make_link(folder / "outside/Dockerfile", folder / "r/Dockerfile.link");
  const std::string outside = folder / "outside/Dockerfile";
  const struct {
    const char* name;
    std::string before;  // of the value of `target`
    std::string after;
    std::string args;  // the same with the name of an argument at the end
  } cases[] = {
      {"compose.yaml",
       "services:\n  web:\n    build:\n      context: .\n      dockerfile: " + outside + "\n      target: ",
       "secret\n      args: {SECRET: 1}\n", "s\n      args:\n        S"},
      {"compose.yaml", "services:\n  web:\n    build:\n      context: ../outside\n      target: ",
       "secret\n      args: {SECRET: 1}\n", "s\n      args:\n        S"},
      {"compose.yaml",
       "services:\n  web:\n    build:\n      context: .\n      dockerfile: Dockerfile.link\n      target: ",
       "secret\n      args: {SECRET: 1}\n", "s\n      args:\n        S"},
      {"docker-bake.hcl", "target \"web\" {\n  dockerfile = \"" + outside + "\"\n  target = \"",
       "secret\"\n  args = { SECRET = 1 }\n}\n", "s\"\n  args = {\n    S"},
  };
  for (const auto& one : cases) {
    const std::string path = folder / ("r/" + std::string(one.name));
    const std::string text = one.before + one.after;
    folder.write("r/" + std::string(one.name), text);
    LspClient client;
    client.start(json::object(), {{"rootUri", lsp::uri_of(folder / "r")}});
    client.open(path, text, "yaml");
    const json report = client.next("textDocument/publishDiagnostics").at("params").at("diagnostics");
    ASSERT_EQ(report.size(), 1u) << text << report;
    const std::string message = report.at(0).at("message");
    EXPECT_NE(message.find("can't be read: "), std::string::npos) << message;
    EXPECT_NE(message.find("outside of " + folder / "r"), std::string::npos) << message;
    EXPECT_FALSE(report.at(0).contains("relatedInformation")) << report;
    // At the target, and at the argument: neither is looked up.
    const auto line = static_cast<uint32_t>(std::ranges::count(one.before, '\n'));
    const auto column = static_cast<uint32_t>(one.before.size() - one.before.rfind('\n') - 1);
    for (const auto& [down, character] : {std::pair{0u, column + 1}, std::pair{1u, 15u}}) {
      const json at = {{"textDocument", {{"uri", lsp::uri_of(path)}}},
                       {"position", {{"line", line + down}, {"character", character}}}};
      EXPECT_EQ(client.result("textDocument/hover", at).dump().find("secret"), std::string::npos) << text;
      EXPECT_EQ(client.result("textDocument/definition", at), json::array()) << text;
    }
    const json document = {{"textDocument", {{"uri", lsp::uri_of(path)}}}};
    EXPECT_EQ(client.result("textDocument/documentLink", document).dump().find("secret"), std::string::npos);
    EXPECT_EQ(client.result("workspace/symbol", {{"query", "secret"}}), json::array()) << text;
    int version = 1;
    for (const std::string& typed : {one.before, one.before + one.args}) {
      client.change(path, ++version, {{{"text", typed}}});
      const json place = {{"line", std::ranges::count(typed, '\n')},
                          {"character", typed.size() - typed.rfind('\n') - 1}};
      EXPECT_EQ(client.result("textDocument/completion",
                              {{"textDocument", {{"uri", lsp::uri_of(path)}}}, {"position", place}}),
                json::array())
          << typed;
    }
    std::filesystem::remove(path);
  }
}

// The names in a folder outside are not listed either, for a definition or for a Dockerfile.
TEST(DefinitionsInEditors, ListNoFolderOutsideOfTheRepository) {
  const TemporaryFolder folder;
  folder.write("outside/Dockerfile.secret", "FROM scratch\n");
  folder.write("r/.git/HEAD", "ref: refs/heads/main\n");
  folder.write("r/Dockerfile", "FROM scratch\nCOPY D\n");
  const std::string compose =
      "services:\n  web:\n    build:\n      context: ../outside\n      dockerfile: ../r/Dockerfile\n";
  folder.write("r/compose.yaml", compose);
  LspClient client;
  client.start(json::object(), {{"rootUri", lsp::uri_of(folder / "r")}});
  const auto completions = [&](const std::string& path, uint32_t line, uint32_t character) {
    return client.result("textDocument/completion",
                         {{"textDocument", {{"uri", lsp::uri_of(path)}}},
                          {"position", {{"line", line}, {"character", character}}}});
  };
  client.open(folder / "r/Dockerfile", "FROM scratch\nCOPY D\n");
  EXPECT_EQ(completions(folder / "r/Dockerfile", 1, 6), json::array());
  client.open(folder / "r/compose.yaml",
              "services:\n  web:\n    build:\n      context: ../outside\n      dockerfile: D\n", "yaml");
  EXPECT_EQ(completions(folder / "r/compose.yaml", 4, 19), json::array());
}

// Without a repository the folder that is open in the editor is the limit.
TEST(DefinitionsInEditors, NameFilesOfTheOpenFolder) {
  const TemporaryFolder folder;
  folder.write("w/Dockerfile", "FROM scratch\nCOPY deploy /\n");
  const std::string text = "services:\n  web:\n    build: {context: .., target: gone}\n";
  folder.write("w/deploy/compose.yaml", text);
  const auto message = [&](const json& root) {
    LspClient client;
    client.start(json::object(), {{"rootUri", root}});
    client.open(folder / "w/deploy/compose.yaml", text, "yaml");
    const json report = client.next("textDocument/publishDiagnostics").at("params").at("diagnostics");
    return report.empty() ? "" : report.at(0).at("message").get<std::string>();
  };
  EXPECT_EQ(message(lsp::uri_of(folder / "w")), "the Dockerfile has no stage 'gone'");
  EXPECT_NE(message(nullptr).find("outside of " + folder / "w/deploy"), std::string::npos)
      << message(nullptr);
}

// A link may lead to what is not shown.
TEST(DefinitionsInEditors, LinkToDockerfilesOutsideOfTheRepository) {
  const TemporaryFolder folder;
  folder.write("outside/Dockerfile", "FROM scratch\n");
  folder.write("r/.git/HEAD", "ref: refs/heads/main\n");
  const std::string text = "services:\n  web:\n    build:\n      context: ../outside\n";
  folder.write("r/compose.yaml", text);
  LspClient client;
  client.start(json::object(), {{"rootUri", lsp::uri_of(folder / "r")}});
  client.open(folder / "r/compose.yaml", text, "yaml");
  const json at = {{"textDocument", {{"uri", lsp::uri_of(folder / "r/compose.yaml")}}},
                   {"position", {{"line", 3}, {"character", 18}}}};
  const json places = client.result("textDocument/definition", at);
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places.at(0).at("uri"), lsp::uri_of(folder / "outside/Dockerfile"));
  EXPECT_EQ(LspClient::words_of(places.at(0).at("range")), "0:0-0:0");
  EXPECT_EQ(client.result("textDocument/documentLink", at).at(0).at("target"),
            lsp::uri_of(folder / "outside/Dockerfile"));
}

const std::string kReferring =
    "x-env: &env\n"                                 // 0
    "  A: 1\n"                                      // 1
    "services:\n"                                   // 2
    "  web:\n"                                      // 3
    "    image: a\n"                                // 4
    "    environment: *env\n"                       // 5
    "    networks:\n"                               // 6
    "      front: {}\n"                             // 7
    "    volumes: [\"data:/x\", ./src:/y, /var]\n"  // 8
    "    configs:\n"                                // 9
    "    - source: app\n"                           // 10
    "    secrets: [key]\n"                          // 11
    "    env_file: web.env\n"                       // 12
    "networks:\n"                                   // 13
    "  front: {driver: bridge}\n"                   // 14
    "volumes:\n"                                    // 15
    "  data:\n"                                     // 16
    "configs:\n"                                    // 17
    "  app: {file: ./app.conf}\n"                   // 18
    "secrets:\n"                                    // 19
    "  key: {file: key.txt}\n"                      // 20
    "include: [other.yaml, path]\n";                // 21

Texts renames(Definition& definition, uint32_t line, uint32_t character, const std::string& name) {
  json params = definition.at(line, character);
  params["newName"] = name;
  const json answer = definition.client.request("textDocument/rename", params);
  if (answer.contains("error")) return {answer.at("error").at("message").get<std::string>()};
  Texts all;
  for (const json& edit : answer.at("result").at("changes").at(lsp::uri_of(definition.path())))
    all.push_back(LspClient::words_of(edit.at("range")));
  return all;
}

TEST(ComposeInEditors, KnowsWhatServicesReferTo) {
  Definition compose("compose.yaml", kReferring);
  EXPECT_EQ(compose.definition(7, 8), (Texts{"compose.yaml 14:2-14:7"})) << "a network";
  EXPECT_EQ(compose.definition(8, 16), (Texts{"compose.yaml 16:2-16:6"})) << "a volume";
  EXPECT_EQ(compose.definition(10, 15), (Texts{"compose.yaml 18:2-18:5"})) << "a config";
  EXPECT_EQ(compose.definition(11, 15), (Texts{"compose.yaml 20:2-20:5"})) << "a secret";
  EXPECT_EQ(compose.definition(5, 19), (Texts{"compose.yaml 0:8-0:11"})) << "an anchor";
  EXPECT_EQ(compose.definition(12, 15), (Texts{"web.env 0:0-0:0"}));
  EXPECT_EQ(compose.definition(8, 26), (Texts{})) << "a folder";
  EXPECT_EQ(renames(compose, 7, 8, "back"), (Texts{"7:6-7:11", "14:2-14:7"}));
  EXPECT_EQ(renames(compose, 16, 3, "d2"), (Texts{"8:15-8:19", "16:2-16:6"}));
  EXPECT_EQ(renames(compose, 0, 9, "e"), (Texts{"0:8-0:11", "5:18-5:21"}));
  EXPECT_EQ(renames(compose, 20, 3, "a b"), (Texts{"the name of a secret contains letters, digits, '_', '-' "
                                                   "and '.', and starts with a letter, a digit "
                                                   "or '_'"}));
  EXPECT_EQ(renames(compose, 14, 3, "default"),
            (Texts{"'default' is the network of services that name none"}));
}

TEST(ComposeInEditors, ShowsWhatNamesMean) {
  Definition compose("compose.yaml", kReferring);
  EXPECT_EQ(compose.hover(7, 8), "```yaml\nfront: {driver: bridge}\n```\n\nin line 15");
  EXPECT_EQ(compose.hover(5, 19), "```yaml\nx-env: &env\n  A: 1\n```\n\nin line 1");
  EXPECT_NE(compose.hover(14, 11).find("The driver of the network"), std::string::npos);
  EXPECT_NE(compose.hover(8, 6).find("Files and folders from outside"), std::string::npos);
  Texts links;
  for (const json& one : compose.client.result("textDocument/documentLink", compose.document())) {
    const std::string target = one.at("target");
    links.push_back(target.substr(target.rfind('/') + 1) + " " + LspClient::words_of(one.at("range")));
  }
  EXPECT_EQ(links, (Texts{"a 4:11-4:12", "web.env 12:14-12:21", "app.conf 18:14-18:24", "key.txt 20:14-20:21",
                          "other.yaml 21:10-21:20", "path 21:22-21:26"}));
}

TEST(ComposeInEditors, CompletesNamesFilesAndValues) {
  Definition compose("compose.yaml", "");
  compose.write("src/app.env", "A=1\n");
  const std::string top =
      "networks:\n  front:\nvolumes:\n  data:\nsecrets:\n  key:\nservices:\n  base:\n    image: a\n  web:\n";
  EXPECT_EQ(compose.labels(top + "    networks: ["), (Texts{"front"}));
  EXPECT_EQ(compose.labels(top + "    volumes:\n    - d"), (Texts{"data"}));
  EXPECT_EQ(compose.labels(top + "    secrets:\n    - "), (Texts{"key"}));
  EXPECT_EQ(compose.labels(top + "    env_file: src/"), (Texts{"src/app.env"}));
  EXPECT_EQ(compose.labels(top + "    volumes:\n    - ./s"), (Texts{"./src"}));
  EXPECT_EQ(compose.labels(top + "    build: w"), (Texts{"web"}));
  EXPECT_EQ(compose.labels(top + "    restart: un"), (Texts{"unless-stopped"}));
  EXPECT_EQ(compose.labels(top + "    depends_on:\n      base:\n        condition: service_h"),
            (Texts{"service_healthy"}));
  EXPECT_EQ(compose.labels(top + "    privileged: "), (Texts{"true", "false"}));
  EXPECT_EQ(compose.labels("networks:\n  front:\n    att"), (Texts{"attachable"}));
  EXPECT_EQ(compose.labels(top + "    cap_"), (Texts{"cap_add", "cap_drop"}));
}

// What is in an anchor is linked and hinted at once, however many services use it.
TEST(ComposeInEditors, LinksWhatAliasesRepeatOnce) {
  Definition compose("compose.yaml", "");
  compose.change(
      "x-a: &a\n  image: nginx\n  build: {context: web, dockerfile: Dockerfile.dev, args: {VERSION: 2}}\n"
      "services:\n  web:\n    <<: *a\n  api:\n    <<: *a\n");
  EXPECT_EQ(compose.client.result("textDocument/documentLink", compose.document()).size(), 3u);
  EXPECT_EQ(compose.client.result("textDocument/inlayHint", compose.range(0, 9)).size(), 1u);
}

// What an alias repeats is named once.
TEST(ComposeInEditors, RenamesWhatAliasesRepeatOnce) {
  Definition compose("compose.yaml", "");
  compose.change(
      "services:\n  db:\n    image: a\n  web:\n    image: b\n    depends_on: &d [db]\n  api:\n    image: c\n "
      "   depends_on: *d\n");
  EXPECT_EQ(renames(compose, 1, 3, "store"), (Texts{"1:2-1:4", "5:20-5:22"}));
}

const std::string kBakeFunctions =
    "variable \"TAG\" {\n"                        // 0
    "  type = string\n"                           // 1
    "  default = \"1\"\n"                         // 2
    "  validation {\n"                            // 3
    "    condition = TAG != \"\"\n"               // 4
    "  }\n"                                       // 5
    "}\n"                                         // 6
    "function \"name\" {\n"                       // 7
    "  params = [TAGS]\n"                         // 8
    "  result = \"x:${upper(TAGS)}\"\n"           // 9
    "}\n"                                         // 10
    "target \"web\" {\n"                          // 11
    "  tags = [name(TAG), \"${name(\"b\")}\"]\n"  // 12
    "}\n";

TEST(BakeInEditors, KnowsFunctions) {
  Definition bake("docker-bake.hcl", kBakeFunctions);
  EXPECT_EQ(bake.definition(12, 12), (Texts{"docker-bake.hcl 7:10-7:14"}));
  EXPECT_EQ(renames(bake, 7, 11, "label"), (Texts{"7:10-7:14", "12:10-12:14", "12:24-12:28"}));
  EXPECT_EQ(renames(bake, 7, 11, "upper"), (Texts{"bake has a function upper already"}));
  EXPECT_EQ(renames(bake, 9, 16, "lower"), (Texts{"it is not defined in this file"}));
  EXPECT_EQ(renames(bake, 0, 11, "T"), (Texts{"0:10-0:13", "4:16-4:19", "12:15-12:18"}))
      << "a validation too";
  EXPECT_EQ(renames(bake, 0, 11, "TAGS"), (Texts{"line 9 has that name already"}));
  EXPECT_EQ(bake.hover(9, 16), "`upper(string)`");
  EXPECT_NE(bake.hover(12, 16).find("default = \"1\""), std::string::npos) << bake.hover(12, 16);
}

TEST(BakeInEditors, CompletesExpressionsValuesAndStages) {
  Definition bake("docker-bake.hcl", "");
  EXPECT_EQ(bake.labels("variable \"url_x\" {}\ntarget \"web\" {\n  tags = [url"),
            (Texts{"url_x", "urlencode"}));
  EXPECT_EQ(bake.labels("target \"web\" {\n  args = {\n    A = uppe"), (Texts{"upper"}));
  EXPECT_EQ(bake.labels("target \"web\" {\n  network = \"h"), (Texts{"host"}));
  EXPECT_EQ(bake.labels("target \"web\" {\n  pull = tru"), (Texts{"true"}));
  EXPECT_EQ(bake.labels("target \"web\" {\n  platforms = [\"linux/a"),
            (Texts{"linux/amd64", "linux/arm64", "linux/arm/v7"}));
  EXPECT_EQ(bake.labels("target \"b\" {}\ntarget \"web\" {\n  contexts = { a = \"target:"), (Texts{"b"}));
  bake.client.open(bake.path().substr(0, bake.path().rfind('/')) + "/Dockerfile",
                   "FROM scratch AS build\nFROM scratch\n");
  EXPECT_EQ(bake.labels("tar"), (Texts{"target", "target \"build\""}));
  EXPECT_EQ(bake.labels("target \"build\" {\n}\ntar"), (Texts{"target"}));
}

TEST(DefinitionsInEditors, ReplaceNamesThatAreNearlyRight) {
  Definition compose("compose.yaml", "");
  const auto titles = [&](const std::string& text, uint32_t lines) {
    compose.change(text);
    json params = compose.range(0, lines);
    params["context"] = {{"diagnostics", json::array()}};
    Texts all;
    for (const json& one : compose.client.result("textDocument/codeAction", params)) {
      const json edit = one.at("edit").at("changes").at(lsp::uri_of(compose.path())).at(0);
      all.push_back(one.at("title").get<std::string>() + " " + LspClient::words_of(edit.at("range")));
    }
    return all;
  };
  EXPECT_EQ(titles("services:\n  web:\n    build:\n      context: web\n      dockerfile: Dockerfile.dev\n    "
                   "  target: ap\n"
                   "      args: {VERSON: 1, OTHER: 2}\n",
                   8),
            (Texts{"Replace by app 5:14-5:16", "Replace by VERSION 6:13-6:19"}));
  EXPECT_EQ(titles("services:\n  web:\n    build:\n      context: web\n      dockerfile: Dockerfile.de\n", 5),
            (Texts{"Replace by Dockerfile.dev 4:18-4:31"}));
}

// Files of strangers: nothing crashes, and each request is answered.
TEST(DefinitionsInEditors, AnswerWhateverTheTextIs) {
  std::string deep_yaml = "a: ";
  std::string deep_hcl = "a = ";
  std::string many;
  for (int i = 0; i < 2'000; ++i) {
    deep_yaml += "[{b: ";
    deep_hcl += "[{b = ";
    many += "target \"t" + std::to_string(i) + "\" {\n}\n";
  }
  const std::string texts[] = {deep_yaml,
                               deep_hcl,
                               many,
                               "a: \"\xC3\xA9",
                               "services:\r\n  web:\r\n    build: .\r\n",
                               "target \"a\" {\r\n  args = {\r\n    A = 1\r\n  }\r\n}\r\n",
                               "*a",
                               "&",
                               "- - - &a *a : |",
                               "\xEF\xBB\xBFservices:\n  w: {}\n",
                               std::string(5000, '\t'),
                               std::string("\0", 1)};
  for (const char* name : {"compose.yaml", "docker-bake.hcl", "docker-bake.json"}) {
    Definition definition(name, "");
    for (const std::string& text : texts) {
      definition.change(text);
      json params = definition.range(0, 9);
      params.update(definition.at(0, 2));
      params["positions"] = json::array({params.at("position")});
      params["options"] = {{"tabSize", 16}, {"insertSpaces", true}};
      params["context"] = {{"includeDeclaration", true}, {"diagnostics", json::array()}};
      for (const char* method :
           {"documentSymbol", "foldingRange", "selectionRange", "formatting", "rangeFormatting",
            "onTypeFormatting", "documentLink", "definition", "references", "documentHighlight", "hover",
            "semanticTokens/full", "semanticTokens/range", "signatureHelp", "completion", "inlayHint",
            "codeAction"}) {
        const json answer = definition.client.request(std::string("textDocument/") + method, params);
        EXPECT_TRUE(answer.contains("result")) << name << " " << method << answer;
      }
    }
  }
}

}  // namespace
}  // namespace dcache
