// A client that has a compose or bake file of a small project open.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/lsp/lsp_client.h"
#include "tests/run_program.h"

namespace dcache::test {

inline const std::string kCompose =
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
inline const std::string kBake =
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
inline const std::string kWebDockerfile =
    "FROM scratch AS base\nFROM scratch AS app\nARG VERSION=1\nLABEL v=$VERSION\n";

// A folder with a project, and a client that has one of its definitions open.
class Definition {
 public:
  Definition(std::string name, const std::string& text) : name_(std::move(name)) {
    folder_.write(".git/HEAD", "ref: refs/heads/main\n");
    folder_.write("Dockerfile", "FROM scratch\n");
    folder_.write("web/Dockerfile.dev", kWebDockerfile);
    folder_.write(name_, text);
    client.start(json::object(), {{"rootUri", lsp::uri_of(folder_.path())}});
    client.open(path(), text, "yaml");
    client.next("textDocument/publishDiagnostics");
  }
  std::string path() const { return folder_ / name_; }
  void write(const std::string& name, const std::string& text) { folder_.write(name, text); }
  json document() const { return {{"textDocument", {{"uri", lsp::uri_of(path())}}}}; }
  void change(const std::string& text) { client.change(path(), ++version_, {{{"text", text}}}); }
  json range(uint32_t first, uint32_t last) const {
    json params = document();
    params["range"] = {{"start", {{"line", first}, {"character", 0}}},
                       {"end", {{"line", last}, {"character", 0}}}};
    return params;
  }
  json at(uint32_t line, uint32_t character) const {
    return {{"textDocument", {{"uri", lsp::uri_of(path())}}},
            {"position", {{"line", line}, {"character", character}}}};
  }
  // "web/Dockerfile.dev 1:0-1:19"
  std::vector<std::string> definition(uint32_t line, uint32_t character) {
    std::vector<std::string> all;
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
  std::vector<std::string> labels(const std::string& text) {
    change(text);
    const auto line = static_cast<uint32_t>(std::ranges::count(text, '\n'));
    const auto character = static_cast<uint32_t>(text.size() - text.rfind('\n') - 1);
    std::vector<std::string> all;
    for (const json& item : client.result("textDocument/completion", at(line, character)))
      all.push_back(item.at("label"));
    return all;
  }
  std::vector<std::string> findings(const std::string& text) {
    change(text);
    std::vector<std::string> all;
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

}  // namespace dcache::test
