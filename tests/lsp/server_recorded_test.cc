// What editors and the server said to each other, once more: scripts/check-editors wrote it down.
#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/git_folder.h"
#include "tests/lsp/lsp_client.h"

namespace dcache {
namespace {

using nlohmann::json;

// The recordings, whose project is /project, with the folder that the test has for it.
std::vector<json> recorded(const std::string& name, const std::string& folder) {
  std::ifstream file(std::string(DCACHE_SOURCE_DIR) + "/tests/lsp/recorded/" + name + ".jsonl");
  std::vector<json> lines;
  constexpr std::string_view kProject = "/project";
  for (std::string line; std::getline(file, line);) {
    for (size_t at = line.find(kProject); at != std::string::npos;
         at = line.find(kProject, at + folder.size()))
      line.replace(at, kProject.size(), folder);
    lines.push_back(json::parse(line));
  }
  return lines;
}

void replay(const std::string& name) {
  const test::GitFolder folder;
  const std::vector<json> lines = recorded(name, folder.path());
  ASSERT_GT(lines.size(), 30u);
  test::LspClient client;
  std::set<json> cancelled;
  size_t compared = 0;
  bool first = true;
  // Of two changes the findings of the first are not told if they come too late: each is waited for.
  std::deque<json> early;
  const auto wait_for_findings = [&](size_t sent) {
    const json& document =
        lines[sent].at("client").value("params", json::object()).value("textDocument", json());
    if (!document.is_object() || !document.contains("version")) return;
    for (size_t i = sent + 1; i < lines.size(); ++i) {
      if (!lines[i].contains("server")) continue;
      const json& said = lines[i].at("server");
      if (said.value("method", "") != "textDocument/publishDiagnostics") continue;
      const json& params = said.at("params");
      if (params.at("uri") != document.at("uri") || params.value("version", json()) != document.at("version"))
        continue;
      early.push_back(client.wait([&](const json& message) {
        return message.value("method", "") == "textDocument/publishDiagnostics" &&
               message.at("params").at("uri") == document.at("uri") &&
               message.at("params").value("version", json()) == document.at("version");
      }));
      return;
    }
  };
  for (size_t number = 0; number < lines.size(); ++number) {
    const json& line = lines[number];
    if (line.contains("files")) {
      for (const auto& [path, text] : line.at("files").items())
        folder.write(path, text);
      if (std::exchange(first, false)) {
        folder.git("init -q -b main");
        folder.commit("first");
      }
      continue;
    }
    if (line.contains("client")) {
      const json& message = line.at("client");
      if (message.value("method", "") == "$/cancelRequest") cancelled.insert(message.at("params").at("id"));
      client.send(message);
      client.settle();
      wait_for_findings(number);
      continue;
    }
    const json& said = line.at("server");
    const std::string method = said.value("method", "");
    const auto is_it = [&](const json& message) {
      if (message.value("method", "") != method) return false;
      if (method.empty() || message.contains("id")) return message.at("id") == said.at("id");
      const json& params = message.at("params");
      return params.value("uri", "") == said.at("params").value("uri", "") &&
             params.value("version", json()) == said.at("params").value("version", json());
    };
    const auto told = std::ranges::find_if(early, is_it);
    json now = told == early.end() ? client.wait(is_it) : *told;
    if (told != early.end()) early.erase(told);
    // Whether an answer or its cancellation came first was chance.
    if (method.empty() && cancelled.contains(said.at("id"))) continue;
    json then = said;
    for (json* message : {&now, &then}) {
      if (message->contains("result") && message->at("result").contains("serverInfo"))
        message->at("result").erase("serverInfo");
    }
    ASSERT_EQ(now, then) << name;
    ++compared;
  }
  EXPECT_GT(compared, 10u);
  EXPECT_TRUE(client.server().is_finished());
  EXPECT_EQ(client.server().exit_status(), 0);
}

TEST(RecordedSessions, OfNeovimGiveTheSameAgain) {
  replay("neovim");
}
TEST(RecordedSessions, OfTheClientSideOfVsCodeGiveTheSameAgain) {
  replay("vscode-protocol");
}

}  // namespace
}  // namespace dcache
