#include "dcache/lsp/server.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "tests/git_folder.h"
#include "tests/lsp/lsp_client.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::LspClient;
using test::TemporaryFolder;
using Texts = std::vector<std::string>;

json position_in(const std::string& path, uint32_t line, uint32_t character) {
  return {{"textDocument", {{"uri", lsp::uri_of(path)}}},
          {"position", {{"line", line}, {"character", character}}}};
}
json whole_document(const std::string& path) {
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

TEST(LanguageServer, AnswersWhatIsNotAMessage) {
  LspClient client;
  client.send_text("{");
  EXPECT_EQ(client.complaint().at("code"), -32700);
  client.send_text("[1]");
  EXPECT_EQ(client.complaint().at("code"), -32600);
  EXPECT_EQ(client.request("initialize", 5).at("error").at("code"), -32602);
  EXPECT_EQ(client.request("initialize", nullptr).at("error").at("code"), -32602);
  client.start();
  for (const char* id : {"true", "[1]", "1.5", "{}", "1e99"}) {
    client.send_text(R"({"jsonrpc":"2.0","method":"shutdown","id":)" + std::string(id) + "}");
    EXPECT_EQ(client.complaint().at("code"), -32600) << id;
  }
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
        {"text", "3.22@sha256:" + std::string(64, '0')}}});
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
    // After the smiley and its quote a variable is typed.
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
    return ranges(client.result("textDocument/definition", position_in(path, line, character)));
  };
  EXPECT_EQ(definition(6, 13), (Texts{"1:16-1:20"})) << "a stage, in COPY --from";
  EXPECT_EQ(definition(5, 6), (Texts{"1:16-1:20"})) << "a stage, in FROM";
  EXPECT_EQ(definition(7, 30), (Texts{"1:16-1:20"})) << "a stage, in a mount";
  EXPECT_EQ(definition(4, 14), (Texts{"2:4-2:11", "0:4-0:11"})) << "an ARG that has its value from above";
  EXPECT_EQ(definition(7, 50), (Texts{"3:4-3:8"})) << "an ENV of the stage below";
  EXPECT_EQ(definition(7, 56), (Texts{"3:12-3:16"}));
  EXPECT_EQ(definition(7, 63), (Texts{})) << "a variable of the shell";
  EXPECT_EQ(definition(9, 2), (Texts{})) << "a heredoc in which nothing is expanded";
  json question = position_in(path, 1, 17);
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
  const json symbols = client.result("textDocument/documentSymbol", position_in(path, 0, 0));
  EXPECT_EQ(members(symbols, "name"), (Texts{"ARG VERSION=1", "FROM scratch AS Base", "FROM base"}));
  EXPECT_EQ(members(symbols.at(1).at("children"), "name"),
            (Texts{"ARG VERSION", "ENV HOME=/x NAME=y", "COPY a /a-$VERSION"}));
  const json folds = client.result("textDocument/foldingRange", position_in(path, 0, 0));
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
    return members(client.result("textDocument/completion", position_in(path, line, character)), "label");
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
  const Texts proxies = {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"};
  const Texts platforms = {"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
                           "BUILDPLATFORM",  "BUILDOS",  "BUILDARCH",  "BUILDVARIANT"};
  const auto together = [](Texts one, const Texts& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
  };
  EXPECT_EQ(labels(stage + "RUN echo ${"), together({"B"}, proxies));
  EXPECT_EQ(labels(stage + "RUN <<EOF\necho $"), together({"B"}, proxies));
  EXPECT_EQ(labels(stage + "RUN echo $no_"), (Texts{"no_proxy"}));
  EXPECT_EQ(labels(stage + "ARG TARGETARCH\nRUN echo $T"), (Texts{"TARGETARCH"}));
  EXPECT_EQ(labels(stage + "ARG A\nCOPY $"), (Texts{"B", "A"}));
  EXPECT_EQ(labels(stage + "FROM $"), together({"A"}, platforms));
  EXPECT_EQ(labels("ARG A=1\nARG C=$"), together({"A"}, platforms));
  EXPECT_EQ(labels(stage + "ENV C=$"), (Texts{"B"})) << "not the one that is set";
  EXPECT_EQ(labels(stage + "ENV C=1 D=$"), (Texts{"B"})) << "nor those in the same instruction";
  EXPECT_EQ(labels(stage + "ENV B=$"), (Texts{"B"})) << "that of above";
  EXPECT_EQ(labels(stage + "ARG C=1 D=$"), (Texts{"B", "C"}));
  EXPECT_EQ(labels(stage + "ARG A"), (Texts{"A"}));
  EXPECT_EQ(labels(""), (Texts{"# syntax=", "# escape=", "# check=", "ARG", "FROM"}));
  EXPECT_EQ(labels("ARG A=1\n"), (Texts{"ARG", "FROM"}));
  EXPECT_EQ(labels("# syntax=x\n"), (Texts{"ARG", "FROM"}));
  const Texts triggers = labels(stage + "ONBUILD ");
  EXPECT_EQ(triggers.size(), 15u);
  for (const char* refused : {"FROM", "ONBUILD", "MAINTAINER"})
    EXPECT_EQ(std::ranges::count(triggers, refused), 0) << refused;
  EXPECT_EQ(labels(stage + "# E"), (Texts{}));
  for (const char* heredoc : {"RUN <<EOF\n", "COPY <<EOF /x\n", "RUN <<A <<B\nA\n", "ONBUILD RUN <<EOF\n"}) {
    for (const char* line : {"", "CO", "COPY ", "FROM ", "ENV x"})
      EXPECT_EQ(labels(stage + heredoc + line), (Texts{})) << heredoc << line;
  }
  EXPECT_EQ(labels(stage + "RUN <<EOF\necho $B"), (Texts{"B"}));
}

TEST(LanguageServer, LinksSourcesToFiles) {
  const TemporaryFolder folder;
  folder.write("src/main.c", "");
  const std::string path = folder / "Dockerfile";
  LspClient client;
  client.start();
  client.open(path, "FROM scratch\nCOPY src/main.c gone.c *.c /\nCOPY --from=x src /\n");
  const json links = client.result("textDocument/documentLink", position_in(path, 0, 0));
  ASSERT_EQ(links.size(), 1u) << links;
  EXPECT_EQ(links.at(0).at("target"), lsp::uri_of(folder / "src/main.c"));
}

// The text with the edits of an action made, as a client makes them.
std::string edited(const std::string& text, const json& edits) {
  json changes = edits;
  for (json& change : changes)
    change["text"] = change.at("newText");
  return test::changed(text, changes);
}

TEST(LanguageServer, OffersFixesAndSilence) {
  const std::string path = "/nowhere/Dockerfile";
  const std::string text = "FROM scratch\nRUN cd /x\nMAINTAINER me\n";
  LspClient client;
  client.start(json::parse(kClientEdits), {{"initializationOptions", {{"shellcheck", false}}}});
  client.open(path, text);
  json question = whole_document(path);
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

// What a fix of DC2001 or DC2002 does to the ignore file next to a Dockerfile, open or not.
TEST(LanguageServer, AddsToAnIgnoreFileThatIsThere) {
  struct Case {
    const char* title;
    std::optional<std::string> on_disk;
    std::optional<std::string> open;
  };
  for (const Case& c : {Case{"new", std::nullopt, std::nullopt}, Case{"closed", "a\n", std::nullopt},
                        Case{"clean", "a\n", "a\n"}, Case{"dirty", "a\n", "a\nunsaved"},
                        Case{"unsaved", std::nullopt, "unsaved\n"}}) {
    const TemporaryFolder folder;
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write("package.json", "{}");
    folder.write("src/a", "x");
    for (const char* name : {"node_modules/a/1", "node_modules/a/2"})
      folder.write(name, std::string(300000, 'x'));
    const std::string text = "FROM node:20\nWORKDIR /a\nCOPY . .\nRUN npm install\n";
    const std::string path = folder / "Dockerfile", ignore = folder / ".dockerignore";
    folder.write("Dockerfile", text);
    if (c.on_disk) folder.write(".dockerignore", *c.on_disk);
    LspClient client;
    client.start(json::parse(kClientEdits), {{"rootUri", lsp::uri_of(folder.path())},
                                             {"initializationOptions", {{"shellcheck", false}}}});
    if (c.open) client.open(ignore, *c.open, "ignore");
    client.open(path, text);
    json changes;
    for (const json& action : client.result("textDocument/codeAction", whole_document(path))) {
      for (const json& change : action.at("edit").value("documentChanges", json::array())) {
        if (change.dump().find(".dockerignore") == std::string::npos) continue;
        changes = action.at("edit").at("documentChanges");
      }
    }
    ASSERT_FALSE(changes.is_null()) << c.title << ": no fix writes the ignore file";
    const bool is_new = !c.on_disk && !c.open;
    ASSERT_EQ(changes.size(), is_new ? 2u : 1u) << c.title << changes;
    if (is_new) {
      EXPECT_EQ(changes.at(0).at("kind"), "create");
      EXPECT_EQ(changes.at(0).at("options"), R"({"overwrite":false,"ignoreIfExists":true})"_json);
    }
    const json& edit = changes.back();
    EXPECT_EQ(edit.at("textDocument").at("uri"), lsp::uri_of(ignore)) << c.title;
    EXPECT_EQ(edit.at("textDocument").at("version"), c.open ? json(1) : json()) << c.title;
    const std::string before = c.open.value_or(c.on_disk.value_or(""));
    const std::string after = edited(before, edit.at("edits"));
    EXPECT_TRUE(after.starts_with(before)) << c.title << after;
    EXPECT_NE(after.find("node_modules"), std::string::npos) << c.title << after;
    EXPECT_TRUE(before.empty() || after.find(before, 1) == std::string::npos) << c.title << after;
  }
}

TEST(LanguageServer, FixesAllAtOnce) {
  const std::string path = "/nowhere/Dockerfile";
  const std::string text = "from scratch\nCOPY a b\nENV a b\nENV c d\n";
  LspClient client;
  client.start();
  client.open(path, text);
  json question = whole_document(path);
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
  EXPECT_EQ(edited(text, client.result("textDocument/formatting", position_in(path, 0, 0))),
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

TEST(LanguageServer, ShowsVerdictsNextToSteps) {
  const Project project;
  const std::string path = project.dockerfile();
  LspClient client;
  client.start(R"({"workspace":{"inlayHint":{"refreshSupport":true}}})"_json);
  client.open(path, project.kText);
  const auto hints = [&] {
    return members(client.result("textDocument/inlayHint", whole_document(path)), "label");
  };
  EXPECT_EQ(hints(), (Texts{}));
  EXPECT_EQ(client.result("textDocument/codeLens", whole_document(path)).at(0).at("command").at("title"),
            "0 of 2 steps rebuild since HEAD");
  project.write("src/a", "2");
  client.notify("workspace/didChangeWatchedFiles", {{"changes", json::array()}});
  client.next("workspace/inlayHint/refresh");
  EXPECT_EQ(hints(), (Texts{"\u2717 rebuilds: src/a changed (selected by src)"}));
  // An unsaved text of another file counts.
  client.open(project / "docs/b", "2", "markdown");
  EXPECT_EQ(hints(), (Texts{"\u2717 rebuilds: docs/b changed (selected by docs)",
                            "\u2717 rebuilds: src/a changed (selected by src)"}));
  EXPECT_EQ(client.result("textDocument/codeLens", whole_document(path)).at(0).at("command").at("title"),
            "2 of 2 steps rebuild since HEAD");
  const std::string help =
      client.result("textDocument/hover", position_in(path, 2, 1)).at("contents").at("value");
  // The one file that changed is named once.
  EXPECT_TRUE(help.starts_with("**\u2717 rebuilds: src/a changed (selected by src)** (since HEAD)")) << help;
  EXPECT_NE(help.find("Takes 1 file"), std::string::npos) << help;
  EXPECT_EQ(help.find("- `src/a` changed"), std::string::npos) << help;
  // From now on compared with what is now.
  EXPECT_EQ(client.result("workspace/executeCommand",
                          {{"command", "dcache.note"}, {"arguments", {lsp::uri_of(path)}}}),
            json());
  EXPECT_EQ(hints(), (Texts{}));
}

TEST(LanguageServer, ShowsHowFarHashingHasCome) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY large /\n");
  for (int i = 0; i < 32; ++i) {
    const std::string name = "large/" + std::to_string(i);
    folder.write(name, "");
    folder.resize(name, uint64_t{256} << 20U);
  }
  const std::string path = folder / "Dockerfile";
  LspClient client;
  client.start(R"({"window":{"workDoneProgress":true}})"_json);
  client.open(path, folder.read("Dockerfile"));
  const json asked = client.next("window/workDoneProgress/create");
  client.send({{"jsonrpc", "2.0"}, {"id", asked.at("id")}, {"result", nullptr}});
  const auto next = [&] { return client.next("$/progress").at("params"); };
  const json begin = next();
  EXPECT_EQ(begin.at("token"), asked.at("params").at("token"));
  EXPECT_EQ(begin.at("value").at("kind"), "begin");
  const json report = next();
  EXPECT_EQ(report.at("value").at("kind"), "report");
  EXPECT_NE(report.at("value").at("message").get<std::string>().find(" of 8.6 GB"), std::string::npos)
      << report;
  // Nobody waits for the rest.
  client.change(path, 2, json::array({{{"text", "FROM scratch\n"}}}));
  json last = report;
  while (last.at("value").at("kind") == "report")
    last = next();
  EXPECT_EQ(last.at("value").at("kind"), "end");
}

TEST(LanguageServer, ComparesWithTheFirstStateOutsideOfARepository) {
  const TemporaryFolder folder;
  folder.write("src/a", "1");
  const std::string path = folder / "Dockerfile";
  LspClient client;
  client.start();
  client.open(path, "FROM scratch\nCOPY src /src\n");
  EXPECT_EQ(client.result("textDocument/codeLens", whole_document(path)).at(0).at("command").at("title"),
            "0 of 1 step rebuild since it was opened");
  client.change(path, 2, {{{"text", "FROM scratch\nCOPY src /other\n"}}});
  EXPECT_EQ(client.result("textDocument/inlayHint", whole_document(path)).size(), 1u);
}

TEST(LanguageServer, ExplainsRulesUnderTheCursor) {
  LspClient client;
  client.start();
  client.open("/nowhere/Dockerfile", "FROM alpine:latest\n");
  const std::string help = client.result("textDocument/hover", position_in("/nowhere/Dockerfile", 0, 8))
                               .at("contents")
                               .at("value");
  EXPECT_NE(help.find("**DC1009 unpinned-base**: "), std::string::npos) << help;
  // BuildKit's checks have no code but their name.
  client.open("/nowhere/a/Dockerfile", "FROM alpine:3 as a\n");
  const std::string check = client.result("textDocument/hover", position_in("/nowhere/a/Dockerfile", 0, 15))
                                .at("contents")
                                .at("value");
  EXPECT_NE(check.find("**FromAsCasing**: "), std::string::npos) << check;
}

TEST(LanguageServer, KnowsTheFilesNextToDockerfiles) {
  LspClient client;
  client.start();
  client.open("/nowhere/.dockerignore", "a\n[\n", "ignore");
  EXPECT_EQ(client.findings("/nowhere/.dockerignore").at(0).substr(0, 8), "DC0001 1");
}

// The next report on a file that has just these findings, by code.
void expect_report(LspClient& client, const std::string& path, const Texts& codes) {
  const json report = client.wait([&](const json& message) {
    return message.value("method", "") == "textDocument/publishDiagnostics" &&
           message.at("params").at("uri") == lsp::uri_of(path) &&
           members(message.at("params").at("diagnostics"), "code") == codes;
  });
  EXPECT_FALSE(report.empty()) << path << " is not reported with " << json(codes);
}

// A report on a file that has a finding with that text.
void expect_told(LspClient& client, const std::string& path, const std::string& words) {
  const json report = client.wait([&](const json& message) {
    return message.value("method", "") == "textDocument/publishDiagnostics" &&
           message.at("params").at("uri") == lsp::uri_of(path) &&
           message.dump().find(words) != std::string::npos;
  });
  EXPECT_FALSE(report.empty()) << words;
}

TEST(LanguageServer, LintsAgainWhenAConfigurationIsEdited) {
  struct Case {
    const char* file;
    const char* with;
    const char* without;
  };
  for (const Case& c : {Case{".hadolint.yaml", "ignored: [DL3007]\n", "ignored: []\n"},
                        {".dcache.toml", "ignore = [\"DC1009\"]\n", "\n"},
                        {"own.toml", "ignore = [\"DC1009\"]\n", "\n"}}) {
    const TemporaryFolder folder;
    const std::string config = folder / c.file, dockerfile = folder / "Dockerfile";
    folder.write(c.file, c.with);
    LspClient client;
    const bool named = std::string(c.file) == "own.toml";
    client.start(json::object(), {{"initializationOptions", {{"config", named ? config : ""}}}});
    client.open(dockerfile, "FROM alpine:latest\n");
    expect_report(client, dockerfile, {});
    client.open(config, c.without, "toml");
    expect_report(client, dockerfile, {"DC1009"});
    client.change(config, 2, {{{"text", c.with}}});
    expect_report(client, dockerfile, {});
  }
}

TEST(LanguageServer, LintsAgainWhenAnIgnoreFileIsEdited) {
  const TemporaryFolder folder;
  folder.write("a", "1");
  const std::string ignore = folder / ".dockerignore", dockerfile = folder / "Dockerfile";
  LspClient client;
  client.start();
  client.open(dockerfile, "FROM scratch\nCOPY a /a\n");
  expect_report(client, dockerfile, {});
  client.open(ignore, "a\n", "ignore");
  expect_report(client, dockerfile, {"CopyIgnoredFile"});
  client.change(ignore, 2, {{{"text", "b\n"}}});
  expect_report(client, dockerfile, {});
}

TEST(LanguageServer, SaysThatAnIgnoreFileCanNotBeRead) {
  const TemporaryFolder folder;
  test::make_fifo(folder / ".dockerignore");
  LspClient client;
  client.start();
  client.open(folder / "Dockerfile", "FROM scratch\nCOPY a /a\n");
  const json report = client.next("textDocument/publishDiagnostics").at("params").at("diagnostics");
  ASSERT_EQ(report.size(), 1U) << report;
  EXPECT_EQ(report[0].at("message"), "can't read " + folder / ".dockerignore" + ": it is not a regular file");
}

TEST(LanguageServer, SaysThatAnIgnoreFileLeadsOutside) {
  const TemporaryFolder folder;
  folder.write("outside", "secret\n");
  folder.write("repository/a", "1");
  test::make_link(folder / "outside", folder / "repository/.dockerignore");
  LspClient client;
  client.start();
  client.open(folder / "repository/Dockerfile", "FROM scratch\nCOPY a /a\n");
  const json report = client.next("textDocument/publishDiagnostics").at("params").at("diagnostics");
  ASSERT_EQ(report.size(), 1U) << report;
  EXPECT_NE(report.dump().find(".dockerignore is a symbolic link out of its folder"), std::string::npos)
      << report;
  EXPECT_EQ(report.dump().find("secret"), std::string::npos) << report;
}

// A repository whose Compose file says how svc/Dockerfile is built: its own folder has nothing of it.
class DefinedBuild : public test::GitFolder {
 public:
  DefinedBuild() {
    git("init -q -b main");
    write("compose.yaml", compose("src", "app"));
    write(".dockerignore", "src/*.log\n");
    write("svc/Dockerfile", kText);
    for (const char* path : {"src/a", "src/b", "docs/c"})
      write(path, "1");
    commit("one");
  }

  static std::string compose(const std::string& source, const std::string& target) {
    return "services:\n  app:\n    build:\n      context: .\n      dockerfile: svc/Dockerfile\n      "
           "target: " +
           target + "\n      args: {DIR: " + source + "}\n";
  }

  const std::string kText =
      "FROM scratch AS app\nARG DIR=none\nCOPY $DIR /files\nFROM scratch AS other\nCOPY docs /docs\n";
  std::string dockerfile() const { return *this / "svc/Dockerfile"; }
};

std::string hover_text(LspClient& client, const std::string& path, uint32_t line) {
  const json help = client.result("textDocument/hover", position_in(path, line, 1));
  return help.is_null() ? "" : help.at("contents").at("value").get<std::string>();
}

std::string lens_title(LspClient& client, const std::string& path) {
  return client.result("textDocument/codeLens", whole_document(path)).at(0).at("command").at("title");
}

TEST(LanguageServer, AnswersForTheBuildThatADefinitionMeans) {
  const DefinedBuild project;
  const std::string path = project.dockerfile();
  // The context of the options is for Dockerfiles that nothing defines.
  for (const std::string context : {"", "docs"}) {
    LspClient client;
    client.start(
        R"({"workspace":{"inlayHint":{"refreshSupport":true}}})"_json,
        {{"rootUri", lsp::uri_of(project.path())}, {"initializationOptions", {{"context", context}}}});
    client.open(path, project.kText);
    expect_report(client, path, {});
    EXPECT_EQ(lens_title(client, path), "0 of 1 step rebuild since HEAD") << "of the target app";
    EXPECT_NE(hover_text(client, path, 2).find("Takes 2 files"), std::string::npos)
        << hover_text(client, path, 2);
    client.open(project / "src/a", "2", "text");
    EXPECT_EQ(lens_title(client, path), "1 of 1 step rebuilds since HEAD");
  }
  LspClient client;
  client.start(json::object(), {{"initializationOptions", {{"context", project / "docs"}}}});
  const std::string other = project / "lone/Dockerfile";
  client.open(other, "FROM scratch\nCOPY c /c\n");
  EXPECT_NE(hover_text(client, other, 1).find("Takes 1 file"), std::string::npos)
      << hover_text(client, other, 1);
}

TEST(LanguageServer, AnswersAgainWhenADefinitionChanges) {
  const DefinedBuild project;
  const std::string path = project.dockerfile(), compose = project / "compose.yaml";
  LspClient client;
  client.start();
  client.open(path, project.kText);
  expect_report(client, path, {});
  EXPECT_NE(hover_text(client, path, 2).find("Takes 2 files"), std::string::npos);
  // On the disk, as a client that watches files tells it.
  project.write("compose.yaml", project.compose("docs", "app"));
  client.notify("workspace/didChangeWatchedFiles",
                {{"changes", {{{"uri", lsp::uri_of(compose)}, {"type", 2}}}}});
  EXPECT_NE(hover_text(client, path, 2).find("Takes 1 file"), std::string::npos)
      << hover_text(client, path, 2);
  // In an editor, unsaved.
  client.open(compose, project.compose("src", "other"), "yaml");
  EXPECT_NE(hover_text(client, path, 4).find("Takes 1 file"), std::string::npos)
      << hover_text(client, path, 4);
  EXPECT_EQ(lens_title(client, path), "not needed for this target");
  client.change(compose, 2, {{{"text", project.compose("src", "app")}}});
  EXPECT_EQ(lens_title(client, path), "0 of 1 step rebuild since HEAD");
}

TEST(LanguageServer, LintsTheBuildThatADefinitionMeans) {
  const DefinedBuild project;
  const std::string path = project.dockerfile(), compose = project / "compose.yaml";
  const std::string text = "FROM base AS app\nCOPY src/x.log /\n";
  project.write("src/x.log", "1");
  LspClient client;
  client.start();
  client.open(path, text);
  expect_report(client, path, {"DC1009", "CopyIgnoredFile"});
  client.open(compose, project.compose("src", "app") + "      additional_contexts: {base: ./docs}\n", "yaml");
  expect_report(client, path, {"CopyIgnoredFile"});
}

// A ShellCheck that is busy with the first text it gets until it is told to go on.
class BusyShellCheck {
 public:
  BusyShellCheck() {
    test::make_fifo(started());
    test::make_fifo(go());
    folder_.write("shellcheck", "#!/bin/sh\nif mkdir '" + (folder_ / "first") +
                                    "' 2>/dev/null; then\n  echo >'" + started() + "'\n  read x <'" + go() +
                                    "'\nfi\necho '{\"comments\":[]}'\n");
    test::set_mode(program(), 0755);
  }
  std::string program() const { return folder_ / "shellcheck"; }
  void wait_until_started() const { std::ifstream(started()).get(); }
  void go_on() {
    go_.open(go());  // for reading too, so that it waits for nobody
    go_ << "\n" << std::flush;
  }

 private:
  std::string started() const { return folder_ / "started"; }
  std::string go() const { return folder_ / "go"; }

  TemporaryFolder folder_;
  std::fstream go_;
};

TEST(LanguageServer, DropsWhatShellCheckSaysOfAnEarlierText) {
  const TemporaryFolder folder;
  BusyShellCheck shellcheck;
  const std::string path = folder / "Dockerfile";
  LspClient client({.shellcheck = shellcheck.program()});
  client.start();
  client.open(path, "FROM debian:12\nRUN rm $x\n");
  const auto version = [&] {
    return client.next("textDocument/publishDiagnostics").at("params").at("version").get<int>();
  };
  EXPECT_EQ(version(), 1);
  shellcheck.wait_until_started();
  client.change(path, 2, {{{"text", "FROM debian:12\nRUN rm $y\n"}}});
  EXPECT_EQ(version(), 2);
  shellcheck.go_on();
  EXPECT_EQ(version(), 2);  // with ShellCheck's findings; those of the first text never come
}

TEST(LanguageServer, DropsWhatShellCheckSaysOfAClosedFile) {
  const TemporaryFolder folder;
  BusyShellCheck shellcheck;
  const std::string closed = folder / "Dockerfile", other = folder / "other.Dockerfile";
  LspClient client({.shellcheck = shellcheck.program()});
  client.start();
  const auto uri = [&] {
    return client.next("textDocument/publishDiagnostics").at("params").at("uri").get<std::string>();
  };
  client.open(closed, "FROM debian:12\nRUN rm $x\n");
  EXPECT_EQ(uri(), lsp::uri_of(closed));
  shellcheck.wait_until_started();
  client.notify("textDocument/didClose", {{"textDocument", {{"uri", lsp::uri_of(closed)}}}});
  EXPECT_EQ(uri(), lsp::uri_of(closed));  // none any more
  client.open(other, "FROM debian:12\nRUN rm $y\n");
  EXPECT_EQ(uri(), lsp::uri_of(other));
  shellcheck.go_on();
  EXPECT_EQ(uri(), lsp::uri_of(other));  // with ShellCheck's findings; those of the closed file never come
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

  // Of a folder that was taken out of the workspace the settings hold no longer.
  client.notify(
      "workspace/didChangeWorkspaceFolders",
      {{"event",
        {{"added", json::array()}, {"removed", {{{"uri", lsp::uri_of(folder / "one")}, {"name", "one"}}}}}}});
  EXPECT_EQ(client.findings(folder / "one/Dockerfile"), (Texts{"DC1009 0:5-0:18"}));
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

// Hashing for a note is left to the second thread, and ends when nobody wants it.
TEST(LanguageServer, CancelsANote) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY large /\n");
  folder.write("large", "");
  folder.resize("large", uint64_t{64} << 30U);
  const std::string path = folder / "Dockerfile";
  LspClient client;
  client.start(json::object(), {{"rootUri", lsp::uri_of(folder.path())}});
  const int note = client.ask("workspace/executeCommand",
                              {{"command", "dcache.note"}, {"arguments", {lsp::uri_of(path)}}});
  EXPECT_EQ(client.request("no/such", nullptr).at("error").at("code"), -32601) << "while it hashes";
  client.notify("$/cancelRequest", {{"id", note}});
  EXPECT_EQ(client.answer_of(note).at("error").at("code"), -32800);
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
    json good = whole_document(path);
    good.update(position_in(path, 3, 1));
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
  EXPECT_TRUE(client.result("textDocument/documentSymbol", position_in(path, 0, 0)).is_null())
      << "its text is not known";
  client.change(path, 3, {{{"text", kStages}}});
  EXPECT_EQ(client.result("textDocument/documentSymbol", position_in(path, 0, 0)).size(), 3u);
}

// Text that the client says in a way that others would not take.
TEST(LanguageServer, TakesWhatCanBeTakenOfAChange) {
  const std::string path = "/nowhere/Dockerfile";
  LspClient client;
  client.start();
  client.open(path, "FROM a\nRUN one\n");
  const json word = R"({"start":{"line":1,"character":4},"end":{"line":1,"character":7}})"_json;
  const auto steps = [&] {
    const json symbols = client.result("textDocument/documentSymbol", position_in(path, 0, 0));
    return symbols.is_null() ? Texts{"nothing"} : members(symbols.at(0).at("children"), "name");
  };
  const json no_version = {{"uri", lsp::uri_of(path)}, {"version", nullptr}};
  client.notify("textDocument/didChange",
                {{"textDocument", no_version}, {"contentChanges", {{{"range", word}, {"text", "two"}}}}});
  EXPECT_EQ(steps(), (Texts{"RUN two"}));
  client.send_text(R"({"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":")" +
                   lsp::uri_of(path) + R"(","version":3},"contentChanges":[{"range":)" + word.dump() +
                   R"(,"text":"\ud83d \\ud83d \ud83d\ude00"}]}})");
  EXPECT_EQ(steps(), (Texts{"RUN \xEF\xBF\xBD \\ud83d \xF0\x9F\x98\x80"}));
  EXPECT_EQ(client.messages_of("window/showMessage"), 0u);
  // What comes after a change that can't be made is about a text that is not known.
  const json bad =
      R"({"range":{"start":{"line":9,"character":0},"end":{"line":9,"character":0}},"text":5})"_json;
  client.change(path, 4, json::array({{{"text", "FROM a\nRUN 4\n"}}, bad, {{"range", word}, {"text", "5"}}}));
  EXPECT_NE(client.next("window/showMessage").dump().find("can't be applied"), std::string::npos);
  EXPECT_EQ(steps(), (Texts{"nothing"}));
  expect_told(client, path, "the last change can't be applied");
  client.change(path, 5, json::array({{{"range", word}, {"text", "6"}}}));
  EXPECT_EQ(steps(), (Texts{"nothing"}));
  EXPECT_EQ(client.messages_of("window/showMessage"), 0u) << "said once";
  client.change(path, 6, json::array({bad, {{"text", "FROM a\nRUN 7\n"}}}));
  EXPECT_EQ(steps(), (Texts{"RUN 7"}));
  client.notify("textDocument/didOpen", 5);
  EXPECT_NE(client.next("window/logMessage").dump().find("textDocument/didOpen"), std::string::npos);
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
                 {"params", position_in(project.dockerfile(), 1, 1)}});
    client.send({{"jsonrpc", "2.0"}, {"method", "$/cancelRequest"}, {"params", {{"id", 100 + i}}}});
  }
  // Each is answered, whether it was in time or not.
  for (int i = 0; i < 20; ++i) {
    const json answer = client.answer_of(100 + i);
    EXPECT_TRUE(answer.contains("result") || answer.at("error").at("code") == -32800) << answer;
  }
}

TEST(LanguageServer, LooksAtNoTextThatIsTooLarge) {
  const TemporaryFolder folder;
  const std::string path = folder / "Dockerfile";
  const std::string line = "# x\n";
  std::string large = "FROM scratch\n";
  while (large.size() <= size_t{16} << 20U)
    large += line;
  LspClient client;
  client.start();
  client.open(path, large);
  EXPECT_EQ(client.findings(path),
            (Texts{"the text is larger than 16 MiB, so dcache does not look at it 0:0-0:0"}));
  for (const char* method : {"textDocument/hover", "textDocument/documentSymbol", "textDocument/codeLens",
                             "textDocument/inlayHint", "textDocument/completion", "textDocument/codeAction"})
    EXPECT_TRUE(client.result(method, position_in(path, 0, 1)).is_null()) << method;
  // It is looked at again once enough of it is gone, and what is typed until then counts.
  client.change(
      path, 2,
      {{{"range", lsp::Positions("", lsp::Encoding::kUtf16).range_of({0, 0})}, {"text", "from a\n"}}});
  client.change(
      path, 3,
      {{{"range",
         {{"start", {{"line", 2}, {"character", 0}}}, {"end", {{"line", 5000000}, {"character", 0}}}}},
        {"text", ""}}});
  EXPECT_EQ(client.result("textDocument/documentSymbol", position_in(path, 0, 0)).size(), 2u);
}

// An error of a Dockerfile shows a line of it, so not any file may be taken for one.
TEST(LanguageServer, NotesOnlyWhatIsOpenOrInTheWorkspace) {
  const TemporaryFolder folder;
  folder.write("outside/secret", "secret of mine\n");
  folder.write("inside/Dockerfile", "FROM scratch\nCOPY a /\n");
  folder.write("inside/a", "1");
  folder.write("inside/.git/config", "secret = 1\n");
  test::make_link(folder / "outside/secret", folder / "inside/link");
  const auto noted = [](LspClient& client, const std::string& uri) {
    return client.request("workspace/executeCommand", {{"command", "dcache.note"}, {"arguments", {uri}}});
  };
  LspClient client;
  client.start(json::object(), {{"rootUri", lsp::uri_of(folder / "inside")}});
  for (const std::string& uri :
       {lsp::uri_of(folder / "outside/secret"), lsp::uri_of(folder / "inside/link"),
        lsp::uri_of(folder / "inside/../outside/secret"), lsp::uri_of(folder / "inside/.git/config"),
        std::string("file:///proc/self/environ"), std::string("file:///etc/passwd")}) {
    const json answer = noted(client, uri);
    ASSERT_TRUE(answer.contains("error")) << uri << answer;
    EXPECT_NE(answer.dump().find("is not open"), std::string::npos) << answer;
    EXPECT_EQ(answer.dump().find("secret of mine"), std::string::npos) << answer;
  }
  EXPECT_EQ(noted(client, lsp::uri_of(folder / "inside/Dockerfile")).value("result", json(1)), json());
  // Outside of the workspace what is open counts, as it is in the editor.
  LspClient other;
  other.start();
  EXPECT_TRUE(noted(other, lsp::uri_of(folder / "inside/Dockerfile")).contains("error"));
  other.open(folder / "inside/Dockerfile", "FROM scratch\n");
  EXPECT_EQ(noted(other, lsp::uri_of(folder / "inside/Dockerfile")).value("result", json(1)), json());
}

// A Dockerfile in a home folder does not have all that a user has looked through, unless somebody wants it.
TEST(LanguageServer, LooksThroughNoHomeFolderThatNobodyNames) {
  const std::string text = "FROM scratch\nCOPY . /\n";
  const struct {
    const char* context;
    const char* definition;
    bool looks;
  } cases[] = {{"", "", false}, {".", "", true}, {"", "services: {a: {build: .}}\n", true}};
  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  for (const auto& one : cases) {
    const TemporaryFolder folder;
    folder.write("private/a", "1");
    folder.write("Dockerfile", text);
    if (*one.definition != '\0') folder.write("compose.yaml", one.definition);
    for (const char* name : {"HOME", "USERPROFILE"})
      test::set_variable(name, folder.path());
    LspClient client;
    const std::string context = *one.context == '\0' ? "" : folder.path();
    client.start(json::object(), {{"rootUri", lsp::uri_of(folder.path())},
                                  {"initializationOptions", {{"context", context}, {"shellcheck", false}}}});
    client.open(folder / "Dockerfile", text);
    const json help = client.result("textDocument/hover", position_in(folder / "Dockerfile", 1, 1));
    EXPECT_EQ(help.dump().find("from the context.") != std::string::npos, one.looks)
        << one.context << one.definition << help;
    EXPECT_FALSE(client.result("textDocument/hover", position_in(folder / "Dockerfile", 0, 1)).is_null());
  }
  test::set_variable("HOME", home);
  test::remove_variable("USERPROFILE");
}

// Requests that need no files of the context are answered while these are listed.
TEST(LanguageServer, ListsTheContextDuringOtherAnswers) {
  const TemporaryFolder folder;
  const std::string path = folder / "Dockerfile", text = "FROM scratch\nCOPY a /\nCO";
  folder.write("a", "1");
  LspClient client;
  client.start();
  client.open(path, text);
  client.findings(path);
  Texts answered;
  for (int i = 0; i < 20; ++i) {
    client.send({{"jsonrpc", "2.0"},
                 {"method", "workspace/didChangeWatchedFiles"},
                 {"params", {{"changes", json::array()}}}});
    client.settle();
    answered = members(client.result("textDocument/completion", position_in(path, 2, 2)), "label");
    EXPECT_EQ(answered, (Texts{"COPY"}));
    const json actions = client.result("textDocument/codeAction", whole_document(path));
    EXPECT_TRUE(actions.is_array()) << actions;
  }
}

// A text without a file is linted as it is, and nothing is read or walked for it.
TEST(LanguageServer, AnswersForTextsWithoutAName) {
  for (const char* uri : {"", "file:///", "file://", "untitled:", "x:..", "file:///%00"}) {
    LspClient client;
    client.start();
    client.notify("textDocument/didOpen", {{"textDocument",
                                            {{"uri", uri},
                                             {"languageId", "dockerfile"},
                                             {"version", 1},
                                             {"text", "FROM alpine:latest\nCOPY . /\n"}}}});
    const json report = client.next("textDocument/publishDiagnostics").at("params");
    EXPECT_EQ(report.at("uri"), uri);
    EXPECT_NE(report.dump().find("DC1009"), std::string::npos) << report;
    const json place = {{"textDocument", {{"uri", uri}}}, {"position", {{"line", 1}, {"character", 1}}}};
    const std::string hover = client.result("textDocument/hover", place).dump();
    EXPECT_NE(hover.find("Copies"), std::string::npos) << hover;
    EXPECT_NE(hover.find("Takes 1 file, 28 B from the context"), std::string::npos)
        << uri << ": there is the text alone\n"
        << hover;
  }
}

}  // namespace
}  // namespace dcache
