// The language server's two threads at once; run under ThreadSanitizer.
#include "tests/git_folder.h"
#include "tests/lsp/lsp_client.h"

namespace dcache {
namespace {

using nlohmann::json;

TEST(LanguageServerThreads, AnswerWhileOneTypes) {
  const test::GitFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY src /src\n");
  folder.write("src/a", "1");
  folder.git("init -q -b main");
  folder.commit("first");
  const std::string path = folder / "Dockerfile";
  const json document = {{"textDocument", {{"uri", lsp::uri_of(path)}}}};
  json question = document;
  question["position"] = {{"line", 1}, {"character", 1}};
  question["range"] = {{"start", {{"line", 0}, {"character", 0}}}, {"end", {{"line", 9}, {"character", 0}}}};

  test::LspClient client;
  client.start();
  client.open(path, "FROM scratch\nCOPY src /src\n");
  std::vector<int> asked;
  for (int i = 0; i < 100; ++i) {
    client.change(path, i + 2, {{{"text", "FROM scratch\nCOPY src /src" + std::to_string(i) + "\n"}}});
    asked.push_back(client.ask("textDocument/hover", question));
    asked.push_back(client.ask("textDocument/inlayHint", question));
    asked.push_back(client.ask("textDocument/documentSymbol", document));
    if (i % 3 == 0) client.notify("$/cancelRequest", {{"id", asked[asked.size() - 2]}});
    if (i % 10 == 0) client.notify("workspace/didChangeWatchedFiles", {{"changes", json::array()}});
    if (i % 20 == 0)
      client.notify("workspace/didChangeConfiguration",
                    {{"settings", {{"dcache", {{"codeLens", i % 40 == 0}}}}}});
  }
  for (const int id : asked) {
    const json answer = client.answer_of(id);
    EXPECT_TRUE(answer.contains("result") || answer.at("error").at("code") == -32800) << answer;
  }
}

}  // namespace
}  // namespace dcache
