// What editors ask about a Dockerfile: names, colors, signatures, layout, and the documentation of words.
#include <algorithm>

#include "tests/lsp/lsp_client.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::LspClient;
using test::TemporaryFolder;
using Texts = std::vector<std::string>;

const std::string kPath = "/nowhere/Dockerfile";
const std::string kText =
    "# syntax=docker/dockerfile:1\n"                                       // 0
    "ARG VERSION=1.2\n"                                                    // 1
    "FROM alpine:$VERSION AS build\n"                                      // 2
    "ARG VERSION\n"                                                        // 3
    "ENV NAME=\"a b\" OTHER=c\n"                                           // 4
    "RUN --mount=type=cache,target=/x,sharing=locked --network=none \\\n"  // 5
    "    echo $NAME $TARGETARCH\n"                                         // 6
    "FROM scratch\n"                                                       // 7
    "COPY --from=build --chown=1 /a /b\n"                                  // 8
    "COPY --from=0 /a /b\n"                                                // 9
    "RUN <<'EOF'\n"                                                        // 10
    "echo $OTHER\n"                                                        // 11
    "EOF\n"                                                                // 12
    "FROM build\n"                                                         // 13
    "RUN <<'EOF'\n"                                                        // 14
    "echo $OTHER\n"                                                        // 15
    "EOF\n"                                                                // 16
    "HEALTHCHECK --interval=3s CMD ls\n";                                  // 17

json at(uint32_t line, uint32_t character, const std::string& path = kPath) {
  return {{"textDocument", {{"uri", lsp::uri_of(path)}}},
          {"position", {{"line", line}, {"character", character}}}};
}
json whole(const std::string& path = kPath) {
  json params = at(0, 0, path);
  params["range"] = {{"start", {{"line", 0}, {"character", 0}}}, {"end", {{"line", 99}, {"character", 0}}}};
  return params;
}

// A client that has a text open.
class Opened : public LspClient {
 public:
  explicit Opened(const std::string& text = kText, const json& capabilities = json::object(),
                  const json& options = {{"shellcheck", false}}) {
    start(capabilities, {{"initializationOptions", options}});
    open(kPath, text);
  }
  std::string hover(uint32_t line, uint32_t character) {
    const json answer = result("textDocument/hover", at(line, character));
    return answer.is_null() ? "" : answer.at("contents").at("value").get<std::string>();
  }
  std::string edited(const std::string& text, const json& edits) {
    json changes = edits;
    std::ranges::reverse(changes);
    for (json& change : changes)
      change["text"] = change.at("newText");
    return test::changed(text, changes);
  }
};

TEST(EditorFeatures, HoverExplainsTheWordUnderTheCursor) {
  Opened client;
  const struct {
    uint32_t line;
    uint32_t character;
    const char* says;
  } cases[] = {
      {0, 4, "The frontend that reads this Dockerfile"},
      {2, 1, "Starts a build stage"},
      {2, 15, "`VERSION` is set by `ARG VERSION=1.2` in line 2"},
      {3, 6, "`VERSION` is set by `ARG VERSION` in line 4 and `ARG VERSION=1.2` in line 2"},
      {5, 6, "Files that the command sees"},
      {5, 18, "A folder that the builder keeps between builds"},
      {5, 25, "Where the command finds the mount"},
      {5, 36, "Who may use the cache"},
      {5, 44, "A build waits until the cache is free"},
      {5, 52, "The network that the command runs in"},
      {5, 60, "No network"},
      {6, 11, "`NAME` is set by `ENV NAME=a b` in line 5"},
      {6, 20, "The architecture of TARGETPLATFORM"},
      {8, 14, "Stage `build` in line 3: `FROM alpine:$VERSION AS build`, 2 steps"},
      {8, 22, "The owner of the files"},
      {17, 14, "Time between two tests"},
  };
  for (const auto& one : cases)
    EXPECT_NE(client.hover(one.line, one.character).find(one.says), std::string::npos)
        << one.line << ":" << one.character << " " << one.says << "\n"
        << client.hover(one.line, one.character);
}

TEST(EditorFeatures, HoverShowsTextOfTheFileAsCode) {
  Opened client("FROM scratch\nENV A=`x`[y](z)\nRUN echo $A\n");
  EXPECT_NE(client.hover(2, 10).find("`` ENV A=`x`[y](z) ``"), std::string::npos) << client.hover(2, 10);
}

// Of a variable where it is used, as the builder has it there.
TEST(EditorFeatures, LeadsToWhatSetsAVariable) {
  const struct {
    const char* text;
    uint32_t line;
    uint32_t character;
    Texts places;
  } cases[] = {{"FROM a\nENV abc=hello\nENV abc=bye def=$abc\n", 2, 18, {"1:4-1:7"}},
               {"FROM a\nENV abc=hello\nENV abc=bye def=$abc\nRUN $abc\n", 3, 6, {"2:4-2:7"}},
               {"ARG X=1\nFROM a\nRUN echo $X\n", 2, 11, {}},
               {"ARG X=1\nFROM a:$X\n", 1, 8, {"0:4-0:5"}},
               {"FROM a\nARG X=1 Y=$X\n", 1, 11, {"1:4-1:5"}},
               {"FROM a\nENV X=1\nARG X=2\nRUN $X\n", 3, 5, {"1:4-1:5"}},
               {"FROM a\nARG X=1\nCMD $X\n", 2, 6, {}},
               {"FROM a\nRUN $X\nARG X=1\n", 1, 6, {}}};
  for (const auto& one : cases) {
    Opened client(one.text);
    Texts places;
    for (const json& place : client.result("textDocument/definition", at(one.line, one.character)))
      places.push_back(LspClient::words_of(place.at("range")));
    EXPECT_EQ(places, one.places) << one.text;
    EXPECT_EQ(client.hover(one.line, one.character).find(" is set by ") == std::string::npos,
              one.places.empty())
        << one.text;
  }
}

TEST(EditorFeatures, RenamesStagesAndVariables) {
  Opened client;
  const auto renamed = [&](uint32_t line, uint32_t character, const std::string& name) {
    json params = at(line, character);
    params["newName"] = name;
    const json answer = client.request("textDocument/rename", params);
    if (answer.contains("error")) return answer.at("error").at("message").get<std::string>();
    Texts places;
    for (const json& edit : answer.at("result").at("changes").at(lsp::uri_of(kPath)))
      places.push_back(LspClient::words_of(edit.at("range")));
    return json(places).dump();
  };
  EXPECT_EQ(renamed(8, 14, "base"), R"(["2:24-2:29","8:12-8:17","13:5-13:10"])") << "the number 0 stays";
  EXPECT_EQ(renamed(6, 11, "WHO"), R"(["4:4-4:8","6:10-6:14"])");
  EXPECT_EQ(renamed(4, 17, "WHAT"), R"(["4:15-4:20","15:6-15:11"])")
      << "a script in a heredoc is read by the shell";
  EXPECT_EQ(renamed(2, 25, "1x"),
            "the name of a stage starts with a letter and contains letters, digits, '-', '_' and '.'");
  EXPECT_EQ(renamed(2, 25, "scratch"), "'scratch' is reserved");
  EXPECT_EQ(renamed(6, 11, "OTHER"), "the file has a variable of that name");
  EXPECT_EQ(renamed(6, 11, "TARGETARCH"), "the builder sets TARGETARCH itself");
  EXPECT_EQ(renamed(8, 1, "x"), "only stages, heredocs and variables that the file sets can be renamed");
  EXPECT_EQ(renamed(7, 1, "x"), "the stage has no name");
  const json prepared = client.result("textDocument/prepareRename", at(8, 14));
  EXPECT_EQ(LspClient::words_of(prepared.at("range")), "8:12-8:17");
  EXPECT_EQ(prepared.at("placeholder"), "build");
  EXPECT_TRUE(client.request("textDocument/prepareRename", at(8, 1)).contains("error"));
}

// "0:0 keyword FROM" for each token.
Texts tokens_of(LspClient& client, const json& capabilities, const std::string& text) {
  const json answer = client.result("textDocument/semanticTokens/full", whole());
  const json legend = capabilities.at("semanticTokensProvider").at("legend").at("tokenTypes");
  const lsp::Positions positions(text, lsp::Encoding::kUtf16);
  Texts all;
  lsp::Place place;
  const std::vector<uint32_t> data = answer.at("data");
  for (size_t i = 0; i + 4 < data.size(); i += 5) {
    place = {place.line + data[i], (data[i] == 0 ? place.character : 0) + data[i + 1]};
    const uint32_t begin = positions.offset_of(place);
    const uint32_t end = positions.offset_of({place.line, place.character + data[i + 2]});
    all.push_back(legend.at(data[i + 3]).get<std::string>() + " " + text.substr(begin, end - begin));
  }
  return all;
}

TEST(EditorFeatures, ColorsEachWord) {
  const std::string text =
      "# escape=\\\n# note\nfrom --platform=$BUILDPLATFORM a:1 as x\nARG V=1\n"
      "RUN --mount=type=cache,target=\"/\xC3\xA9\" echo \"$V b\" \\\n  # in\n  c\nCOPY --from=x a b\nCMD "
      "[\"a\"]\n"
      "LABEL a=b\nMAINTAINER me\n";
  LspClient client;
  const json capabilities = client.start();
  client.open(kPath, text);
  EXPECT_EQ(tokens_of(client, capabilities, text), (Texts{"macro # escape=",
                                                          "string \\",
                                                          "comment # note",
                                                          "keyword from",
                                                          "parameter --platform",
                                                          "string $BUILDPLATFORM",
                                                          "class a:1",
                                                          "keyword as",
                                                          "namespace x",
                                                          "keyword ARG",
                                                          "variable V",
                                                          "keyword RUN",
                                                          "parameter --mount",
                                                          "property type",
                                                          "string =cache,",
                                                          "property target",
                                                          "string =\"/\xC3\xA9\"",
                                                          "string \"$",
                                                          "variable V",
                                                          "string  b\"",
                                                          "comment # in",
                                                          "keyword COPY",
                                                          "parameter --from",
                                                          "namespace x",
                                                          "keyword CMD",
                                                          "string \"a\"",
                                                          "keyword LABEL",
                                                          "property a",
                                                          "string b",
                                                          "keyword MAINTAINER"}));
  json part = whole();
  part["range"] = {{"start", {{"line", 2}, {"character", 0}}}, {"end", {{"line", 2}, {"character", 4}}}};
  EXPECT_EQ(client.result("textDocument/semanticTokens/range", part).at("data"), (json{2, 0, 4, 0, 0}));
}

TEST(EditorFeatures, ShowsHowAnInstructionGoesOn) {
  LspClient client;
  client.start();
  client.open(kPath, "");
  int version = 1;
  const auto shown = [&](const std::string& text) -> std::string {
    client.change(kPath, ++version, {{{"text", text}}});
    const auto line = static_cast<uint32_t>(std::ranges::count(text, '\n'));
    const auto character = static_cast<uint32_t>(text.size() - text.rfind('\n') - 1);
    const json help = client.result("textDocument/signatureHelp", at(line, character));
    if (help.is_null()) return "nothing";
    const json signature = help.at("signatures").at(help.at("activeSignature").get<size_t>());
    const size_t parameter = help.at("activeParameter");
    const json parameters = signature.at("parameters");
    return signature.at("label").get<std::string>() + " > " +
           (parameter < parameters.size() ? parameters.at(parameter).at("label").get<std::string>() : "-");
  };
  EXPECT_EQ(shown("FROM "), "FROM [--platform=PLATFORM] IMAGE[:TAG] [AS NAME] > IMAGE[:TAG]");
  EXPECT_EQ(shown("FROM a A"), "FROM [--platform=PLATFORM] IMAGE[:TAG] [AS NAME] > [AS");
  EXPECT_EQ(shown("FROM --"), "FROM [--platform=PLATFORM] IMAGE[:TAG] [AS NAME] > [--platform=PLATFORM]");
  EXPECT_EQ(shown("COPY a"), "COPY [OPTIONS] SOURCE … DESTINATION > SOURCE");
  EXPECT_EQ(shown("COPY a b c"), "COPY [OPTIONS] SOURCE … DESTINATION > DESTINATION");
  EXPECT_EQ(shown("COPY --chown=1 a "), "COPY [OPTIONS] SOURCE … DESTINATION > DESTINATION");
  EXPECT_EQ(shown("COPY [\"a\", "), "COPY [OPTIONS] [\"SOURCE\", …, \"DESTINATION\"] > \"DESTINATION\"]");
  EXPECT_EQ(shown("COPY --from="), "--from=STAGE > STAGE");
  EXPECT_EQ(shown("ONBUILD WORKDIR "), "WORKDIR PATH > PATH");
  EXPECT_EQ(shown("RUN --mount=type=secret,"),
            "--mount=type=secret,id=ID[,target=PATH][,env=NAME][,required][,mode=MODE][,uid=UID][,gid=GID] > "
            "type=secret,id=ID[,target=PATH][,env=NAME][,required][,mode=MODE][,uid=UID][,gid=GID]");
  EXPECT_EQ(shown("FRO"), "nothing");
  EXPECT_EQ(shown("FOO "), "nothing");
  EXPECT_EQ(shown("# FROM "), "nothing");
  EXPECT_EQ(shown("RUN <<EOF\nCOPY "), "nothing");
  EXPECT_EQ(shown("COPY <<EOF /x\nFROM "), "nothing");
}

TEST(EditorFeatures, FormatsARange) {
  const std::string text = "from a  \nrun b  \nuser c";
  Opened client(text, json::object(), {{"format", true}});
  json params = whole();
  params["range"] = {{"start", {{"line", 1}, {"character", 0}}}, {"end", {{"line", 2}, {"character", 0}}}};
  params["options"] = {{"tabSize", 4}, {"insertSpaces", true}};
  EXPECT_EQ(client.edited(text, client.result("textDocument/rangeFormatting", params)),
            "from a  \nRUN b\nuser c");
}

TEST(EditorFeatures, IndentsALineThatGoesOn) {
  const struct {
    std::string before;
    std::string after;
  } cases[] = {{"FROM a\nrun b \\\n", "FROM a\nRUN b \\\n    "},
               {"FROM a\nRUN b \\\n  c \\\n", "FROM a\nRUN b \\\n  c \\\n  "},
               {"FROM a\nRUN b \\\n\tc  \n", "FROM a\nRUN b \\\n\tc\n"},
               {"FROM a\n# b \\\n", "FROM a\n# b \\\n"}};
  for (const auto& one : cases) {
    Opened client(one.before, json::object(), {{"format", true}});
    json params = at(static_cast<uint32_t>(std::ranges::count(one.before, '\n')), 0);
    params["ch"] = "\n";
    params["options"] = {{"tabSize", 4}, {"insertSpaces", true}};
    EXPECT_EQ(client.edited(one.before, client.result("textDocument/onTypeFormatting", params)), one.after);
  }
}

TEST(EditorFeatures, GrowsTheSelection) {
  Opened client;
  json params = whole();
  params["positions"] = {{{"line", 8}, {"character", 14}}};
  const json answer = client.result("textDocument/selectionRange", params);
  Texts chain;
  for (json one = answer.at(0); !one.is_null(); one = one.value("parent", json()))
    chain.push_back(LspClient::words_of(one.at("range")));
  EXPECT_EQ(chain, (Texts{"8:12-8:17", "8:5-8:17", "8:0-8:33", "7:0-12:3", "0:0-18:0"}));
}

TEST(EditorFeatures, HighlightsSayWhereAVariableIsSet) {
  Opened client;
  Texts all;
  for (const json& one : client.result("textDocument/documentHighlight", at(6, 11)))
    all.push_back(LspClient::words_of(one.at("range")) + " " + one.at("kind").dump());
  EXPECT_EQ(all, (Texts{"4:4-4:8 3", "6:10-6:14 2"}));
}

TEST(EditorFeatures, LinksImagesToTheirPages) {
  Opened client(
      "ARG R=ghcr.io\nFROM alpine:3 AS a\nFROM $R/x/y@sha256:1\nFROM a\nFROM scratch\nFROM me/z\n"
      "FROM localhost:5000/x\nADD https://example.com/a.tar /\n");
  Texts targets;
  for (const json& one : client.result("textDocument/documentLink", whole()))
    targets.push_back(one.at("target"));
  EXPECT_EQ(targets, (Texts{"https://hub.docker.com/_/alpine", "https://ghcr.io/x/y",
                            "https://hub.docker.com/r/me/z", "https://example.com/a.tar"}));
}

TEST(EditorFeatures, ShowsBothEndsOfAHeredoc) {
  Opened client("FROM a\nCOPY <<EOF /x\n$A\nEOF\n");
  const json ends = client.result("textDocument/documentHighlight", at(3, 1));
  ASSERT_EQ(ends.size(), 2u) << ends;
  EXPECT_EQ(ends.at(0).at("range").at("start"), (json{{"line", 1}, {"character", 7}}));
  EXPECT_EQ(ends.at(1).at("range").at("start"), (json{{"line", 3}, {"character", 0}}));
  const json defined = client.result("textDocument/definition", at(3, 1));
  ASSERT_EQ(defined.size(), 1u);
  EXPECT_EQ(defined.at(0).at("range"), ends.at(0).at("range"));
}

TEST(EditorFeatures, CompletesWithDocumentationAndSnippets) {
  const json snippets = R"({"textDocument":{"completion":{"completionItem":{"snippetSupport":true}}}})"_json;
  Opened client("", snippets);
  int version = 1;
  const auto items = [&](const std::string& text) {
    client.change(kPath, ++version, {{{"text", text}}});
    const auto line = static_cast<uint32_t>(std::ranges::count(text, '\n'));
    const auto character = static_cast<uint32_t>(text.size() - text.rfind('\n') - 1);
    return client.result("textDocument/completion", at(line, character));
  };
  const auto labels = [&](const std::string& text) {
    Texts all;
    for (const json& item : items(text))
      all.push_back(item.at("label"));
    return all;
  };
  const json wor = items("FROM a\nWOR");
  ASSERT_EQ(wor.size(), 2u) << wor;
  EXPECT_EQ(wor.at(0).at("textEdit").at("newText"), "WORKDIR");
  EXPECT_NE(wor.at(0).at("documentation").at("value").get<std::string>().find("The folder in which"),
            std::string::npos);
  EXPECT_EQ(wor.at(1).at("label"), "WORKDIR PATH");
  EXPECT_EQ(wor.at(1).at("textEdit").at("newText"), "WORKDIR ${1:/app}");
  EXPECT_EQ(wor.at(1).at("insertTextFormat"), 2);
  EXPECT_EQ(labels("# s"), (Texts{"# syntax=", "# syntax=IMAGE"}));
  EXPECT_EQ(labels("FROM a\n# s"), (Texts{}));
  EXPECT_EQ(labels("FROM a A"), (Texts{"AS"}));
  EXPECT_EQ(labels("FROM a\nARG TARGETA"), (Texts{"TARGETARCH"}));
  EXPECT_EQ(labels("FROM a\nHEALTHCHECK C"), (Texts{"CMD"}));
  EXPECT_EQ(labels("FROM a\nSTOPSIGNAL SIGT"), (Texts{"SIGTERM"}));
  EXPECT_EQ(labels("FROM a AS x\nFROM b\nCOPY --from="), (Texts{"x"}));
  EXPECT_EQ(items("FROM a AS x\nFROM b\nCOPY --from=").at(0).at("detail"), "FROM a AS x");
}

TEST(EditorFeatures, GivesFindingsToClientsThatAsk) {
  LspClient client;
  const json capabilities = client.start(
      R"({"textDocument":{"diagnostic":{}},"workspace":{"diagnostics":{"refreshSupport":true}}})"_json,
      {{"initializationOptions", {{"shellcheck", false}}}});
  EXPECT_EQ(capabilities.at("diagnosticProvider").at("interFileDependencies"), true);
  client.open(kPath, "FROM alpine:latest\n");
  json report = client.result("textDocument/diagnostic", at(0, 0));
  EXPECT_EQ(report.at("kind"), "full");
  ASSERT_EQ(report.at("items").size(), 1u);
  EXPECT_EQ(report.at("items").at(0).at("code"), "DC1009");
  json again = at(0, 0);
  again["previousResultId"] = report.at("resultId");
  EXPECT_EQ(client.result("textDocument/diagnostic", again).at("kind"), "unchanged");
  client.open("/nowhere/.dcache.toml", "ignore = [\"DC1009\"]\n", "toml");
  client.next("workspace/diagnostic/refresh");
  EXPECT_EQ(client.result("textDocument/diagnostic", at(0, 0)).at("items"), json::array());
  EXPECT_EQ(client.messages_of("textDocument/publishDiagnostics"), 0u);
}

TEST(EditorFeatures, FindsImagesAndStagesOfTheWorkspace) {
  const TemporaryFolder folder;
  folder.write(".git/HEAD", "ref: refs/heads/main\n");
  folder.write("compose.yaml", "services:\n  front:\n    build: web\n");
  folder.write("web/Dockerfile", "FROM scratch AS front-build\nFROM front-build\n");
  LspClient client;
  client.start(json::object(), {{"rootUri", lsp::uri_of(folder.path())}});
  Texts found;
  for (const json& one : client.result("workspace/symbol", {{"query", "Frnt"}}))
    found.push_back(one.at("name").get<std::string>() + " " +
                    LspClient::words_of(one.at("location").at("range")));
  EXPECT_EQ(found, (Texts{"front 1:0-1:0", "front-build 0:0-0:27"}));
}

// What an editor shows of a file contains nothing that it would act on; what it inserts is as it is.
TEST(EditorFeatures, ShowsNoCharactersThatEditorsActOn) {
  const std::string hostile = "a\x1b[31m\u202e" + std::string("b");
  const auto is_clean = [](const json& answer) {
    const auto is_shown = [](const json& one, const auto& again) -> bool {
      if (one.is_string()) {
        const std::string& text = one.get_ref<const std::string&>();
        return text.find('\x1b') == std::string::npos && text.find("\xE2\x80\xAE") == std::string::npos;
      }
      if (!one.is_structured()) return true;
      for (const auto& [name, value] : one.items()) {
        if (name != "newText" && name != "placeholder" && !again(value, again)) return false;
      }
      return true;
    };
    return is_shown(answer, is_shown);
  };
  LspClient client;
  client.start(json::object(), {{"initializationOptions", {{"shellcheck", false}}}});
  const std::string text = "FROM alpine:" + hostile + " AS s" + hostile + "\nADD https://x.test/" + hostile +
                           " /\n" + hostile + " x\nCOPY --from=" + hostile + "9 " + hostile + " /\nFROM ";
  client.open(kPath, text);
  const json report = client.next("textDocument/publishDiagnostics").at("params");
  EXPECT_FALSE(report.at("diagnostics").empty());
  EXPECT_TRUE(is_clean(report.at("diagnostics"))) << report;
  for (const char* method : {"textDocument/documentSymbol", "textDocument/documentLink"}) {
    const json answer = client.result(method, whole());
    EXPECT_FALSE(answer.empty()) << method;
    EXPECT_TRUE(is_clean(answer)) << method << answer;
  }
  EXPECT_EQ(client.result("textDocument/documentLink", whole()).back().at("target"),
            "https://x.test/a%1B[31m%E2%80%AEb");
  const json items = client.result("textDocument/completion", at(4, 5));
  EXPECT_FALSE(items.empty());
  EXPECT_TRUE(is_clean(items)) << items;
  json actions = whole();
  actions["context"] = {{"diagnostics", json::array()}};
  EXPECT_TRUE(is_clean(client.result("textDocument/codeAction", actions)));
  EXPECT_TRUE(is_clean(client.request("x\x1b", json::object())));

  const std::string compose = "/nowhere/compose.yaml";
  client.open(compose,
              "services:\n  \"a\\e[31m\\u202eb\":\n    build: {context: web, target: \"\\e\\u202e\"}\n  c:\n"
              "    depends_on: [",
              "yaml");
  EXPECT_TRUE(is_clean(client.next("textDocument/publishDiagnostics").at("params").at("diagnostics")));
  EXPECT_TRUE(is_clean(client.result("textDocument/documentSymbol", whole(compose))));
  EXPECT_TRUE(is_clean(client.result("textDocument/completion", at(4, 17, compose))));
  EXPECT_TRUE(is_clean(client.result("workspace/symbol", {{"query", ""}})));
  client.change(compose, 2, {{{"text", "services:\n  a: {build: \"https://x.test/a.git#\\e\\u202e\"}\n"}}});
  const json hover = client.result("textDocument/hover", at(1, 2, compose));
  EXPECT_NE(hover.dump().find("Its files are not known: "), std::string::npos) << hover;
  EXPECT_TRUE(is_clean(hover)) << hover;
}

TEST(EditorFeatures, OutlinesFlagsAsTheyAreWritten) {
  Opened client("FROM scratch\nCOPY --from=b\xC3\xA9x a b\n");
  const json stage = client.result("textDocument/documentSymbol", whole()).at(0);
  EXPECT_EQ(stage.at("children").at(0).at("name"), "COPY --from=b\xC3\xA9x a b");
}

}  // namespace
}  // namespace dcache
