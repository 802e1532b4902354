#include "dcache/lsp/server.h"

#include <algorithm>
#include <fstream>

#include "dcache/dockerfile/layout.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lsp/framing.h"
#include "dcache/text/unicode.h"
#include "tests/git_folder.h"
#include "tests/lsp/lsp_client.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::LspClient;
using test::TemporaryFolder;
using Texts = std::vector<std::string>;

json at(const std::string& path, uint32_t line, uint32_t character) {
  return {{"textDocument", {{"uri", lsp::uri_of(path)}}},
          {"position", {{"line", line}, {"character", character}}}};
}
json whole(const std::string& path) {
  return {
      {"textDocument", {{"uri", lsp::uri_of(path)}}},
      {"range", {{"start", {{"line", 0}, {"character", 0}}}, {"end", {{"line", 1000}, {"character", 0}}}}},
      {"context", {{"diagnostics", json::array()}}}};
}
Texts ranges(const json& locations) {
  Texts all;
  for (const json& one : locations)
    all.push_back(LspClient::words_of(one.at("range")));
  return all;
}
Texts members(const json& list, const char* name) {
  Texts all;
  for (const json& one : list)
    all.push_back(one.at(name));
  return all;
}

constexpr const char* kClientEdits =
    R"({"workspace":{"workspaceEdit":{"documentChanges":true,"resourceOperations":["create"]}}})";

TEST(LanguageServer, SaysWhatItCanDo) {
  LspClient client;
  const json capabilities = client.start();
  EXPECT_EQ(capabilities.at("positionEncoding"), "utf-16");
  EXPECT_FALSE(capabilities.contains("documentFormattingProvider"));
  LspClient other;
  EXPECT_EQ(other.start({{"general", {{"positionEncodings", {"utf-8", "utf-16"}}}}}).at("positionEncoding"),
            "utf-8");
  LspClient formatting;
  EXPECT_EQ(formatting.start(json::object(), {{"initializationOptions", {{"format", true}}}})
                .at("documentFormattingProvider"),
            true);
}

TEST(LanguageServer, FollowsTheLifecycle) {
  LspClient client;
  EXPECT_EQ(client.request("shutdown", nullptr).at("error").at("code"), -32002);
  client.start();
  EXPECT_EQ(client.request("initialize", {{"capabilities", json::object()}}).at("error").at("code"), -32600);
  EXPECT_EQ(client.request("no/such", nullptr).at("error").at("code"), -32601);
  EXPECT_EQ(client.request("textDocument/hover", json::object()).at("error").at("code"), -32602);
  EXPECT_EQ(client.request("shutdown", nullptr).at("result"), json());
  EXPECT_EQ(client.request("textDocument/hover", nullptr).at("error").at("code"), -32600);
  client.notify("exit", nullptr);
  EXPECT_TRUE(client.server().is_finished());
  EXPECT_EQ(client.server().exit_status(), 0);
}

TEST(LanguageServer, AnswersWhatIsNoMessage) {
  LspClient client;
  client.send_text("{");
  EXPECT_EQ(client.complaint().at("code"), -32700);
  client.send_text("[1]");
  EXPECT_EQ(client.complaint().at("code"), -32600);
  client.send_text(R"({"jsonrpc":"2.0"})");
  EXPECT_EQ(client.complaint().at("code"), -32600);
}

TEST(LanguageServer, ReportsFindingsWhileOneTypes) {
  LspClient client;
  client.start();
  client.open("/nowhere/Dockerfile", "FROM alpine:latest\n");
  EXPECT_EQ(client.findings("/nowhere/Dockerfile"), (Texts{"DC1009 0:5-0:18"}));
  client.change(
      "/nowhere/Dockerfile", 2,
      {{{"range", {{"start", {{"line", 0}, {"character", 12}}}, {"end", {{"line", 0}, {"character", 18}}}}},
        {"text", "3.20@sha256:" + std::string(64, '0')}}});
  EXPECT_EQ(client.findings("/nowhere/Dockerfile"), (Texts{}));
  client.notify("textDocument/didClose", {{"textDocument", {{"uri", "file:///nowhere/Dockerfile"}}}});
  EXPECT_EQ(client.findings("/nowhere/Dockerfile"), (Texts{}));
}

// A smiley is one character of four bytes, and two code units of UTF-16.
TEST(LanguageServer, CountsCharactersAsAgreed) {
  const std::string text = "FROM scratch\nLABEL a=\"\xF0\x9F\x98\x80\" b=$none\n";
  for (const auto& [encoding, begin] : {std::pair<std::string, int>{"utf-16", 15}, {"utf-8", 17}}) {
    LspClient client;
    client.start({{"general", {{"positionEncodings", {encoding}}}}},
                 {{"initializationOptions", {{"config", ""}}}});
    client.open("/nowhere/Dockerfile", text);
    client.findings("/nowhere/Dockerfile");
    // Behind the smiley and its quote a variable is typed.
    client.change("/nowhere/Dockerfile", 2,
                  {{{"range",
                     {{"start", {{"line", 1}, {"character", begin}}},
                      {"end", {{"line", 1}, {"character", begin + 5}}}}},
                    {"text", "1"}}});
    client.findings("/nowhere/Dockerfile");
    const json symbols = client.result("textDocument/documentSymbol",
                                       {{"textDocument", {{"uri", "file:///nowhere/Dockerfile"}}}});
    EXPECT_EQ(symbols.at(0).at("children").at(0).at("name"), "LABEL a=\"\xF0\x9F\x98\x80\" b=1") << encoding;
  }
}

const std::string kStages =
    "ARG VERSION=1\n"
    "FROM scratch AS Base\n"
    "ARG VERSION\n"
    "ENV HOME=/x NAME=y\n"
    "COPY a /a-$VERSION\n"
    "FROM base\n"
    "COPY --from=base /a /b\n"
    "RUN --mount=type=bind,from=base,target=/m echo $HOME ${NAME} $other\n"
    "COPY <<'EOF' /c\n"
    "$HOME\n"
    "EOF\n";

TEST(LanguageServer, FindsDefinitionsAndReferences) {
  const std::string path = "/nowhere/Dockerfile";
  LspClient client;
  client.start();
  client.open(path, kStages);
  const auto definition = [&](uint32_t line, uint32_t character) {
    return ranges(client.result("textDocument/definition", at(path, line, character)));
  };
  EXPECT_EQ(definition(6, 13), (Texts{"1:16-1:20"})) << "a stage, in COPY --from";
  EXPECT_EQ(definition(5, 6), (Texts{"1:16-1:20"})) << "a stage, in FROM";
  EXPECT_EQ(definition(7, 30), (Texts{"1:16-1:20"})) << "a stage, in a mount";
  EXPECT_EQ(definition(4, 14), (Texts{"2:4-2:11", "0:4-0:11"})) << "an ARG that has its value from above";
  EXPECT_EQ(definition(7, 50), (Texts{"3:4-3:8"})) << "an ENV of the stage below";
  EXPECT_EQ(definition(7, 56), (Texts{"3:12-3:16"}));
  EXPECT_EQ(definition(7, 63), (Texts{})) << "a variable of the shell";
  EXPECT_EQ(definition(9, 2), (Texts{})) << "a heredoc in which nothing is expanded";
  json question = at(path, 1, 17);
  question["context"] = {{"includeDeclaration", true}};
  EXPECT_EQ(ranges(client.result("textDocument/references", question)),
            (Texts{"1:16-1:20", "5:5-5:9", "6:12-6:16", "7:27-7:31"}));
  question["context"] = {{"includeDeclaration", false}};
  EXPECT_EQ(ranges(client.result("textDocument/references", question)),
            (Texts{"5:5-5:9", "6:12-6:16", "7:27-7:31"}));
}

TEST(LanguageServer, OutlinesStages) {
  const std::string path = "/nowhere/Dockerfile";
  LspClient client;
  client.start();
  client.open(path, kStages);
  const json symbols = client.result("textDocument/documentSymbol", at(path, 0, 0));
  EXPECT_EQ(members(symbols, "name"), (Texts{"ARG VERSION=1", "FROM scratch AS Base", "FROM base"}));
  EXPECT_EQ(members(symbols.at(1).at("children"), "name"),
            (Texts{"ARG VERSION", "ENV HOME=/x NAME=y", "COPY a /a-$VERSION"}));
  const json folds = client.result("textDocument/foldingRange", at(path, 0, 0));
  EXPECT_EQ(folds.size(), 3u);
}

TEST(LanguageServer, CompletesWhatOneTypes) {
  const TemporaryFolder folder;
  folder.write("src/main.c", "");
  folder.write("src-old/x", "");
  folder.write("setup.cfg", "");
  const std::string path = folder / "Dockerfile";
  LspClient client;
  client.start();
  client.open(path, "");
  int version = 1;
  const auto labels = [&](const std::string& text) {
    client.change(path, ++version, {{{"text", text}}});
    const auto line = static_cast<uint32_t>(std::ranges::count(text, '\n'));
    const auto character = static_cast<uint32_t>(text.size() - text.rfind('\n') - 1);
    return members(client.result("textDocument/completion", at(path, line, character)), "label");
  };
  const std::string stage = "ARG A=1\nFROM scratch AS one\nENV B=2\n";
  EXPECT_EQ(labels(stage + "E"), (Texts{"ENTRYPOINT", "ENV", "EXPOSE"}));
  EXPECT_EQ(labels(stage + "co"), (Texts{"copy"}));
  EXPECT_EQ(labels(stage + "COPY --ch"), (Texts{"--chown=", "--chmod="}));
  EXPECT_EQ(labels(stage + "FROM scratch\nCOPY --from="), (Texts{"one"}));
  EXPECT_EQ(labels(stage + "FROM o"), (Texts{"one"}));
  EXPECT_EQ(labels(stage + "COPY s"), (Texts{"setup.cfg", "src/", "src-old/"}));
  EXPECT_EQ(labels(stage + "COPY src/"), (Texts{"src/main.c"}));
  EXPECT_EQ(labels(stage + "COPY \\\n  src/m"), (Texts{"src/main.c"}));
  EXPECT_EQ(labels(stage + "COPY ../"), (Texts{"../Dockerfile", "../setup.cfg", "../src/", "../src-old/"}))
      << "not above the root";
  EXPECT_EQ(labels(stage + "RUN --mount=type=c"), (Texts{"cache"}));
  EXPECT_EQ(labels(stage + "RUN --mount=type=cache,sharing="), (Texts{"shared", "private", "locked"}));
  EXPECT_EQ(labels(stage + "RUN --mount=type=cache,t"), (Texts{"target="}));
  EXPECT_EQ(labels(stage + "RUN --network=n"), (Texts{"none"}));
  EXPECT_EQ(labels(stage + "RUN echo ${"),
            (Texts{"A", "B", "TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "BUILDPLATFORM",
                   "BUILDOS", "BUILDARCH", "BUILDVARIANT"}));
  EXPECT_EQ(labels(stage + "# E"), (Texts{}));
}

TEST(LanguageServer, LinksSourcesToFiles) {
  const TemporaryFolder folder;
  folder.write("src/main.c", "");
  const std::string path = folder / "Dockerfile";
  LspClient client;
  client.start();
  client.open(path, "FROM scratch\nCOPY src/main.c gone.c *.c /\nCOPY --from=x src /\n");
  const json links = client.result("textDocument/documentLink", at(path, 0, 0));
  ASSERT_EQ(links.size(), 1u) << links;
  EXPECT_EQ(links.at(0).at("target"), lsp::uri_of(folder / "src/main.c"));
}

// The text with the edits of an action made, as a client makes them.
std::string edited(const std::string& text, const json& edits) {
  json changes = edits;
  for (json& change : changes)
    change["text"] = change.at("newText");
  return lsp::changed(text, changes, lsp::Encoding::kUtf16);
}

TEST(LanguageServer, OffersFixesAndSilence) {
  const std::string path = "/nowhere/Dockerfile";
  const std::string text = "FROM scratch\nRUN cd /x\nMAINTAINER me\n";
  LspClient client;
  client.start(json::parse(kClientEdits), {{"initializationOptions", {{"shellcheck", false}}}});
  client.open(path, text);
  json question = whole(path);
  question["range"] = {{"start", {{"line", 2}, {"character", 0}}}, {"end", {{"line", 2}, {"character", 0}}}};
  const json actions = client.result("textDocument/codeAction", question);
  ASSERT_EQ(actions.size(), 2u) << actions.dump(1);
  const auto edits = [&](const json& action) {
    return action.at("edit").at("documentChanges").at(0).at("edits");
  };
  EXPECT_EQ(edited(text, edits(actions.at(0))).find("MAINTAINER"), std::string::npos);
  EXPECT_EQ(edited(text, edits(actions.at(1))).substr(0, 40), "FROM scratch\nRUN cd /x\n# dcache ignore=M");
  // The comment silences what it says it does.
  client.change(path, 2, {{{"text", edited(text, edits(actions.at(1)))}}});
  client.findings(path);
  const Texts left = client.findings(path);
  EXPECT_TRUE(std::ranges::none_of(left, [](const std::string& one) {
    return one.starts_with("Maintainer");
  })) << json(left);
}

TEST(LanguageServer, MendsAllAtOnce) {
  const std::string path = "/nowhere/Dockerfile";
  const std::string text = "from scratch\nCOPY a b\nENV a b\nENV c d\n";
  LspClient client;
  client.start();
  client.open(path, text);
  json question = whole(path);
  question["context"]["only"] = {"source.fixAll"};
  const json actions = client.result("textDocument/codeAction", question);
  ASSERT_EQ(actions.size(), 1u) << actions.dump(1);
  const std::string after = edited(text, actions.at(0).at("edit").at("changes").at(lsp::uri_of(path)));
  EXPECT_EQ(after, "FROM scratch\nCOPY a b\nENV a=b\nENV c=d\n");
}

TEST(LanguageServer, Formats) {
  const std::string path = "/nowhere/Dockerfile";
  const std::string text = "from scratch  \nrun a \\  \n  b\t\ncopy <<EOF /x\n  from  \nEOF\nfoo";
  LspClient client;
  client.start(json::object(), {{"initializationOptions", {{"format", true}}}});
  client.open(path, text);
  EXPECT_EQ(edited(text, client.result("textDocument/formatting", at(path, 0, 0))),
            "FROM scratch\nRUN a \\\n  b\nCOPY <<EOF /x\n  from  \nEOF\nfoo\n");
}

// A repository with two steps, of which one takes src.
class Project : public test::GitFolder {
 public:
  Project() {
    write("Dockerfile", kText);
    write("src/a", "1");
    write("docs/b", "1");
    git("init -q -b main");
    commit("first");
  }
  const std::string kText = "FROM scratch\nCOPY docs /docs\nCOPY src /src\n";
  std::string dockerfile() const { return *this / "Dockerfile"; }
};

TEST(LanguageServer, ShowsVerdictsBesideSteps) {
  const Project project;
  const std::string path = project.dockerfile();
  LspClient client;
  client.start(R"({"workspace":{"inlayHint":{"refreshSupport":true}}})"_json);
  client.open(path, project.kText);
  const auto hints = [&] { return members(client.result("textDocument/inlayHint", whole(path)), "label"); };
  EXPECT_EQ(hints(), (Texts{}));
  EXPECT_EQ(client.result("textDocument/codeLens", whole(path)).at(0).at("command").at("title"),
            "0 of 2 steps rebuild since HEAD");
  project.write("src/a", "2");
  client.notify("workspace/didChangeWatchedFiles", {{"changes", json::array()}});
  client.next("workspace/inlayHint/refresh");
  EXPECT_EQ(hints(), (Texts{"\u2717 rebuilds: src/a changed (selected by src)"}));
  // An unsaved text of another file counts.
  client.open(project / "docs/b", "2", "markdown");
  EXPECT_EQ(hints(), (Texts{"\u2717 rebuilds: docs/b changed (selected by docs)",
                            "\u2717 rebuilds: src/a changed (selected by src)"}));
  EXPECT_EQ(client.result("textDocument/codeLens", whole(path)).at(0).at("command").at("title"),
            "2 of 2 steps rebuild since HEAD");
  const std::string help = client.result("textDocument/hover", at(path, 2, 1)).at("contents").at("value");
  EXPECT_NE(help.find("- `src/a` changed"), std::string::npos) << help;
  EXPECT_NE(help.find("Takes 1 file"), std::string::npos) << help;
  // From now on compared with what is now.
  EXPECT_EQ(client.result("workspace/executeCommand",
                          {{"command", "dcache.note"}, {"arguments", {lsp::uri_of(path)}}}),
            json());
  EXPECT_EQ(hints(), (Texts{}));
}

TEST(LanguageServer, ComparesWithTheFirstStateOutsideOfARepository) {
  const TemporaryFolder folder;
  folder.write("src/a", "1");
  const std::string path = folder / "Dockerfile";
  LspClient client;
  client.start();
  client.open(path, "FROM scratch\nCOPY src /src\n");
  EXPECT_EQ(client.result("textDocument/codeLens", whole(path)).at(0).at("command").at("title"),
            "0 of 1 step rebuild since it was opened");
  client.change(path, 2, {{{"text", "FROM scratch\nCOPY src /other\n"}}});
  EXPECT_EQ(client.result("textDocument/inlayHint", whole(path)).size(), 1u);
}

TEST(LanguageServer, ExplainsRulesUnderTheCursor) {
  LspClient client;
  client.start();
  client.open("/nowhere/Dockerfile", "FROM alpine:latest\n");
  const std::string help =
      client.result("textDocument/hover", at("/nowhere/Dockerfile", 0, 8)).at("contents").at("value");
  EXPECT_NE(help.find("**DC1009"), std::string::npos) << help;
}

TEST(LanguageServer, KnowsTheFilesBesideDockerfiles) {
  LspClient client;
  client.start();
  client.open("/nowhere/.dockerignore", "a\n[\n", "ignore");
  EXPECT_EQ(client.findings("/nowhere/.dockerignore").at(0).substr(0, 8), "DC0001 1");
}

TEST(LanguageServer, AsksForSettingsOfEachFolder) {
  const TemporaryFolder folder;
  folder.write("one/own.toml", "ignore = [\"DC1009\"]\n");
  LspClient client;
  client.start(R"({"workspace":{"configuration":true}})"_json,
               {{"workspaceFolders",
                 {{{"uri", lsp::uri_of(folder / "one")}, {"name", "one"}},
                  {{"uri", lsp::uri_of(folder / "two")}, {"name", "two"}}}}});
  const json asked = client.next("workspace/configuration");
  EXPECT_EQ(asked.at("params").at("items").size(), 3u);
  client.send({{"jsonrpc", "2.0"},
               {"id", asked.at("id")},
               {"result", {nullptr, {{"config", "own.toml"}}, {{"since", 1}}}}});
  EXPECT_NE(
      client.next("window/showMessage").at("params").at("message").get<std::string>().find("dcache.since"),
      std::string::npos);
  client.open(folder / "one/Dockerfile", "FROM alpine:latest\n");
  EXPECT_EQ(client.findings(folder / "one/Dockerfile"), (Texts{}));
  client.open(folder / "two/Dockerfile", "FROM alpine:latest\n");
  EXPECT_EQ(client.findings(folder / "two/Dockerfile"), (Texts{"DC1009 0:5-0:18"}));
}

// Each setting that the extension for VS Code offers is one that the server reads.
TEST(LanguageServer, KnowsTheSettingsOfTheExtension) {
  std::ifstream file(DCACHE_SOURCE_DIR "/editors/vscode/package.json");
  const json properties = json::parse(file).at("contributes").at("configuration").at("properties");
  for (const auto& [name, property] : properties.items()) {
    const std::string setting = name.substr(name.find('.') + 1);
    // The client's own; read when the server starts.
    if (setting == "path" || setting == "format") continue;
    LspClient client;
    client.start();
    const json wrong = property.at("type") == "string" ? json(1) : json("no such value");
    client.notify("workspace/didChangeConfiguration", {{"settings", {{"dcache", {{setting, wrong}}}}}});
    const json message = client.next("window/showMessage");
    EXPECT_NE(message.at("params").at("message").get<std::string>().find(name), std::string::npos) << message;
    LspClient other;
    other.start();
    other.notify("workspace/didChangeConfiguration",
                 {{"settings", {{"dcache", {{setting, property.at("default")}}}}}});
    EXPECT_EQ(other.messages_of("window/showMessage"), 0u) << name;
  }
}

// Whatever a request says, it gets one answer, and the server goes on.
TEST(LanguageServer, AnswersRequestsThatMakeNoSense) {
  const std::string path = "/nowhere/Dockerfile";
  const std::vector<json> kJunk = {
      nullptr, -1, 1e300, "x", json::array(), json::object(), json::array({1, "x"}), true};
  LspClient client;
  client.start();
  client.open(path, kStages);
  for (const char* method :
       {"textDocument/hover", "textDocument/definition", "textDocument/references", "textDocument/completion",
        "textDocument/codeAction", "textDocument/inlayHint", "textDocument/codeLens",
        "textDocument/documentSymbol", "textDocument/documentLink", "textDocument/formatting",
        "textDocument/foldingRange", "workspace/executeCommand"}) {
    json good = whole(path);
    good.update(at(path, 3, 1));
    good["context"]["includeDeclaration"] = true;
    good["command"] = "dcache.note";
    good["arguments"] = {lsp::uri_of(path)};
    EXPECT_TRUE(client.request(method, good).contains("result")) << method;
    const json flat = good.flatten();
    for (const auto& [pointer, value] : flat.items()) {
      for (const json& junk : kJunk) {
        json bad = good;
        bad[json::json_pointer(pointer)] = junk;
        const json answer = client.request(method, bad);
        EXPECT_TRUE(answer.contains("result") || answer.contains("error")) << method << bad;
      }
    }
    for (const json& junk : kJunk)
      client.request(method, junk);
  }
  for (const json& junk : kJunk) {
    for (const char* method :
         {"textDocument/didOpen", "textDocument/didChange", "textDocument/didClose",
          "workspace/didChangeConfiguration", "workspace/didChangeWorkspaceFolders", "$/cancelRequest"})
      client.notify(method, junk);
    client.change(path, 2, junk);
    client.change(path, 2, json::array({{{"range", junk}, {"text", "x"}}}));
  }
  EXPECT_EQ(client.result("textDocument/documentSymbol", at(path, 0, 0)).size(), 3u);
}

TEST(LanguageServer, CancelsRequests) {
  const Project project;
  LspClient client;
  client.start();
  client.open(project.dockerfile(), project.kText);
  Texts outcomes;
  for (int i = 0; i < 20; ++i) {
    client.send({{"jsonrpc", "2.0"},
                 {"id", 100 + i},
                 {"method", "textDocument/hover"},
                 {"params", at(project.dockerfile(), 1, 1)}});
    client.send({{"jsonrpc", "2.0"}, {"method", "$/cancelRequest"}, {"params", {{"id", 100 + i}}}});
  }
  // Each is answered, whether it was in time or not.
  for (int i = 0; i < 20; ++i) {
    const json answer = client.answer_of(100 + i);
    EXPECT_TRUE(answer.contains("result") || answer.at("error").at("code") == -32800) << answer;
  }
}

// What a text says after changes, by a peer that does it another way: on UTF-16 code units.
std::u16string units_of(const std::string& text) {
  std::u16string units;
  for (std::string_view rest = text; !rest.empty();) {
    const text::Rune rune = text::decode_rune(rest);
    rest.remove_prefix(rune.width);
    if (rune.value < 0x10000) {
      units += static_cast<char16_t>(rune.value);
    } else {
      units += static_cast<char16_t>(0xD800 + ((rune.value - 0x10000) >> 10U));
      units += static_cast<char16_t>(0xDC00 + ((rune.value - 0x10000) & 0x3FFU));
    }
  }
  return units;
}

struct Numbers {
  uint64_t state = 20261122;
  uint32_t below(size_t limit) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<uint32_t>((state >> 33U) % limit);
  }
};

TEST(LanguageServerEdits, GiveWhatAFullTextGives) {
  constexpr const char* kPieces[] = {
      "RUN ",     "x",    "\n",    "\r\n", "\r", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
      "FROM a\n", "\\\n", "<<EOF", "#",    " ",  "",         "\"",           "$A"};
  constexpr size_t kEdits = 1'000'000;
  constexpr size_t kLongest = 400;
  Numbers numbers;
  std::string text;
  std::u16string units;
  size_t parsed = 0;
  for (size_t i = 0; i < kEdits; ++i) {
    // Neither half of a character nor between \r and \n, where no place of the protocol is.
    const auto is_place = [&](size_t at) {
      if (at == 0 || at >= units.size()) return true;
      const bool half = units[at] >= 0xDC00 && units[at] < 0xE000;
      return !half && !(units[at - 1] == u'\r' && units[at] == u'\n');
    };
    const auto place_from = [&](size_t at) {
      while (!is_place(at))
        --at;
      return at;
    };
    const size_t most = units.size() > kLongest ? units.size() : 8;
    const size_t begin = place_from(numbers.below(units.size() + 1));
    const size_t end = std::max(begin, place_from(std::min(units.size(), begin + numbers.below(most))));
    // Lines and characters by the peer.
    const auto position = [&](size_t at) {
      size_t line = 0, start = 0;
      for (size_t k = 0; k < at; ++k) {
        const bool crlf = units[k] == u'\r' && k + 1 < units.size() && units[k + 1] == u'\n';
        if (units[k] != u'\n' && (units[k] != u'\r' || crlf)) continue;
        ++line;
        start = k + 1;
      }
      return json{{"line", line}, {"character", at - start}};
    };
    const std::string piece = kPieces[numbers.below(std::size(kPieces))];
    text = lsp::changed(std::move(text),
                        {{{"range", {{"start", position(begin)}, {"end", position(end)}}}, {"text", piece}}},
                        lsp::Encoding::kUtf16);
    units.replace(begin, end - begin, units_of(piece));
    ASSERT_EQ(units_of(text), units) << "after edit " << i;
    if (i % 1000 == 0) {
      const dockerfile::File file = dockerfile::parse(text);
      std::string all;
      for (const dockerfile::Token& token : dockerfile::tokens(file))
        all += token.span.of(text);
      ASSERT_EQ(all, text);
      ++parsed;
    }
  }
  EXPECT_GT(parsed, 900u);
}

// A server that got random edits has the findings that a new one has for the text.
TEST(LanguageServerEdits, LeaveTheFindingsOfTheText) {
  const std::string path = "/nowhere/Dockerfile";
  constexpr const char* kLines[] = {"FROM alpine:latest\n",
                                    "RUN cd /x && apt-get install y\n",
                                    "COPY . .\n",
                                    "MAINTAINER me\n",
                                    "RUN <<EOF\n",
                                    "EOF\n",
                                    "ENV a b\n",
                                    "# dcache ignore=DC1009\n"};
  Numbers numbers;
  LspClient client;
  client.start();
  std::string text;
  client.open(path, text);
  client.findings(path);
  for (int i = 1; i <= 300; ++i) {
    const auto lines = static_cast<size_t>(std::ranges::count(text, '\n'));
    const uint32_t line = numbers.below(lines + 1);
    const uint32_t taken = lines > 40 ? 10 : numbers.below(2);
    const json change = {{"range",
                          {{"start", {{"line", line}, {"character", 0}}},
                           {"end", {{"line", line + taken}, {"character", 0}}}}},
                         {"text", kLines[numbers.below(std::size(kLines))]}};
    client.change(path, i + 1, json::array({change}));
    text = lsp::changed(text, json::array({change}), lsp::Encoding::kUtf16);
    const Texts found = client.findings(path);
    if (i % 20 != 0) continue;
    LspClient fresh;
    fresh.start();
    fresh.open(path, text);
    ASSERT_EQ(found, fresh.findings(path)) << text;
  }
}

TEST(MessageReader, TakesAStreamApart) {
  lsp::MessageReader reader;
  EXPECT_EQ(*reader.next(), std::nullopt);
  const std::string stream = lsp::framed("{}") + "content-length: 3\r\nContent-Type: x\r\n\r\n[1]";
  Texts found;
  for (const char c : stream) {
    reader.feed({&c, 1});
    if (const auto message = reader.next(); message && *message) found.push_back(**message);
  }
  EXPECT_EQ(found, (Texts{"{}", "[1]"}));
  for (const char* bad :
       {"Content-Length: x\r\n\r\n", "Content-Length: 99999999999\r\n\r\n", "X: 1\r\n\r\n"}) {
    lsp::MessageReader other;
    other.feed(bad);
    EXPECT_FALSE(other.next()) << bad;
  }
  lsp::MessageReader endless;
  endless.feed(std::string(5000, 'x'));
  EXPECT_FALSE(endless.next());
}

TEST(LspUris, AreThoseOfPaths) {
  EXPECT_EQ(lsp::uri_of("/a b/\xC3\xA4%"), "file:///a%20b/%C3%A4%25");
  EXPECT_EQ(lsp::path_of("file:///a%20b/%C3%A4%25"), "/a b/\xC3\xA4%");
  EXPECT_EQ(lsp::path_of("file://host/a/../b"), "/b");
  EXPECT_EQ(lsp::path_of("untitled:Untitled-1"), "/nowhere/untitled/Untitled-1");
  EXPECT_EQ(lsp::path_of("file:///%zz"), "/%zz");
}

}  // namespace
}  // namespace dcache
