#include "dcache/lsp/symbols.h"

#include <nlohmann/json.hpp>

#include "dcache/report/style.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;

// SymbolKind of the protocol.
enum class WorkspaceSymbolKind : uint8_t { kNamespace = 3, kPackage = 4 };

bool matches(const std::string& name, const std::string& query) {
  const std::string lower = text::to_lower(name);
  size_t at = 0;
  for (const char c : text::to_lower(query)) {
    at = lower.find(c, at);
    if (at == std::string::npos) return false;
    ++at;
  }
  return true;
}

json workspace_symbol(const std::string& name, WorkspaceSymbolKind kind, const std::string& path, json range,
                      const std::string& container) {
  return {{"name", report::printable(name)},
          {"kind", static_cast<int>(kind)},
          {"location", {{"uri", uri_of(path)}, {"range", std::move(range)}}},
          {"containerName", report::printable(container)}};
}

// Of a line, counted from 1; 0 for none.
json range_of_line(uint32_t line) {
  const json place = {{"line", line == 0 ? 0 : line - 1}, {"character", 0}};
  return {{"start", place}, {"end", place}};
}

void add_stages(const editor::Workspace& workspace, const std::string& dockerfile, const std::string& query,
                Encoding encoding, json& out) {
  const auto parsed = workspace.parse(dockerfile);
  if (!parsed) return;
  const Positions positions((*parsed)->file.source(), encoding);
  for (const plan::Stage& stage : (*parsed)->graph.stages) {
    if (stage.from == nullptr || stage.name.empty() || !matches(stage.name, query)) continue;
    out.push_back(workspace_symbol(stage.name, WorkspaceSymbolKind::kNamespace, dockerfile,
                                   positions.range_of(stage.from->span), dockerfile));
  }
}

}  // namespace

json workspace_symbols(const editor::Workspace& workspace, const std::string& root,
                       const std::set<std::string>& dockerfiles, const std::string& query,
                       Encoding encoding) {
  json all = json::array();
  std::set<std::string> known = dockerfiles;
  if (const auto project = root.empty() ? nullptr : workspace.repository(root)) {
    for (const project::Image& image : project->images) {
      const project::Origin& origin = image.origin();
      const bool is_file = !image.build.dockerfile_text && image.remote.empty();
      if (is_file && workspace.refusal(image.build.dockerfile).empty()) known.insert(image.build.dockerfile);
      if (origin.kind != project::DefinitionKind::kDockerfile && matches(image.target.name, query)) {
        all.push_back(workspace_symbol(image.target.name, WorkspaceSymbolKind::kPackage, origin.path,
                                       range_of_line(origin.line), origin.path));
      }
    }
  }
  for (const std::string& dockerfile : known)
    add_stages(workspace, dockerfile, query, encoding, all);
  return all;
}

}  // namespace dcache::lsp
