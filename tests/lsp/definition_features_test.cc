// What editors ask about compose and bake files.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "tests/lsp/lsp_client.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::LspClient;
using test::TemporaryFolder;
using Texts = std::vector<std::string>;

const std::string kCompose =
    "services:\n"                         // 0
    "  base:\n"                           // 1
    "    build: .\n"                      // 2
    "  web:\n"                            // 3
    "    image: nginx:1\n"                // 4
    "    build:\n"                        // 5
    "      context: web\n"                // 6
    "      dockerfile: Dockerfile.dev\n"  // 7
    "      target: app\n"                 // 8
    "      args:\n"                       // 9
    "        VERSION: 2\n"                // 10
    "      additional_contexts:\n"        // 11
    "        root: service:base\n"        // 12
    "    depends_on: [base]\n";           // 13
const std::string kBake =
    "variable \"TAG\" {\n"                      // 0
    "  default = \"1\"\n"                       // 1
    "}\n"                                       // 2
    "group \"default\" {\n"                     // 3
    "  targets = [\"web\"]\n"                   // 4
    "}\n"                                       // 5
    "target \"web\" {\n"                        // 6
    "  context = \"web\"\n"                     // 7
    "  dockerfile = \"Dockerfile.dev\"\n"       // 8
    "  target = \"app\"\n"                      // 9
    "  tags = [\"web:${TAG}\"]\n"               // 10
    "  args = {\n"                              // 11
    "    VERSION = TAG\n"                       // 12
    "  }\n"                                     // 13
    "}\n"                                       // 14
    "target \"other\" {\n"                      // 15
    "  inherits = [\"web\"]\n"                  // 16
    "  contexts = { root = \"target:web\" }\n"  // 17
    "}\n";                                      // 18
const std::string kDockerfile =
    "FROM scratch AS base\nFROM scratch AS app\nARG VERSION=1\nLABEL v=$VERSION\n";

// A folder with a project, and a client that has one of its definitions open.
class Definition {
 public:
  Definition(std::string name, const std::string& text) : name_(std::move(name)) {
    folder_.write(".git/HEAD", "ref: refs/heads/main\n");
    folder_.write("Dockerfile", "FROM scratch\n");
    folder_.write("web/Dockerfile.dev", kDockerfile);
    folder_.write(name_, text);
    client.start(json::object(), {{"rootUri", lsp::uri_of(folder_.path())}});
    client.open(path(), text, "yaml");
    client.next("textDocument/publishDiagnostics");
  }
  std::string path() const { return folder_ / name_; }
  json at(uint32_t line, uint32_t character) const {
    return {{"textDocument", {{"uri", lsp::uri_of(path())}}},
            {"position", {{"line", line}, {"character", character}}}};
  }
  // "web/Dockerfile.dev 1:0-1:19"
  Texts definition(uint32_t line, uint32_t character) {
    Texts all;
    for (const json& one : client.result("textDocument/definition", at(line, character))) {
      const std::string uri = one.at("uri");
      all.push_back(uri.substr(lsp::uri_of(folder_.path()).size() + 1) + " " +
                    LspClient::words_of(one.at("range")));
    }
    return all;
  }
  std::string hover(uint32_t line, uint32_t character) {
    const json answer = client.result("textDocument/hover", at(line, character));
    return answer.is_null() ? "" : answer.at("contents").at("value").get<std::string>();
  }
  Texts labels(const std::string& text) {
    client.change(path(), ++version_, {{{"text", text}}});
    const auto line = static_cast<uint32_t>(std::ranges::count(text, '\n'));
    const auto character = static_cast<uint32_t>(text.size() - text.rfind('\n') - 1);
    Texts all;
    for (const json& item : client.result("textDocument/completion", at(line, character)))
      all.push_back(item.at("label"));
    return all;
  }
  Texts findings(const std::string& text) {
    client.change(path(), ++version_, {{{"text", text}}});
    Texts all;
    const json report = client.next("textDocument/publishDiagnostics");
    for (const json& one : report.at("params").at("diagnostics"))
      all.push_back(one.at("severity").dump() + " " + LspClient::words_of(one.at("range")) + " " +
                    one.at("message").get<std::string>());
    return all;
  }
  LspClient client;

 private:
  TemporaryFolder folder_;
  std::string name_;
  int version_ = 1;
};

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
  EXPECT_EQ(bake.labels("variable \"TAG\" {}\n" + web + "  tags = [\"web:${"), (Texts{"TAG"}));
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
  std::filesystem::create_symlink(folder / "outside/Dockerfile", folder / "r/Dockerfile.link");
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

}  // namespace
}  // namespace dcache
