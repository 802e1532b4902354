#include "rules/go_module.h"

#include <algorithm>

#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostModuleFiles = 5000;
constexpr uint64_t kMostModuleBytes = 32'000'000;

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return text::trim(line);
}

// The path between the quotes of an import.
std::string_view quoted(std::string_view line) {
  const size_t begin = line.find('"');
  const size_t end = begin == std::string_view::npos ? begin : line.find('"', begin + 1);
  return end == std::string_view::npos ? std::string_view() : line.substr(begin + 1, end - begin - 1);
}

// The folder that a path of //go:embed is in: up to its first wildcard.
std::string embedded_folder(std::string_view folder, std::string_view path) {
  if (path.starts_with("all:")) path.remove_prefix(4);
  const std::string_view plain = path.substr(0, path.find_first_of("*?["));
  std::string whole = text::join_path(folder, plain.size() == path.size() ? plain : text::parent_path(plain));
  return whole == "." ? "" : whole;
}

}  // namespace

std::string_view without_go_quotes(std::string_view path) {
  const bool quoted = path.size() > 1 && (path.front() == '"' || path.front() == '`');
  return quoted && path.back() == path.front() ? path.substr(1, path.size() - 2) : path;
}

std::vector<std::string> replaced_by_folders(std::string_view go_mod) {
  std::vector<std::string> folders;
  while (!go_mod.empty()) {
    std::string_view line = take_line(go_mod);
    if (line.starts_with("//")) continue;
    line = text::trim(line.substr(0, line.find(" //")));
    const size_t arrow = line.find("=>");
    if (arrow == std::string_view::npos) continue;
    std::string_view place = text::trim(line.substr(arrow + 2));
    const bool quoted = place.starts_with('"') || place.starts_with('`');
    const size_t end = quoted ? place.find(place.front(), 1) + 1 : place.find_first_of(" \t");
    place = without_go_quotes(place.substr(0, end));
    if (place.starts_with("./") || place.starts_with("../") || place.starts_with('/') || place == "." ||
        place == "..")
      folders.emplace_back(place);
  }
  return folders;
}

void GoModule::read_file(std::string_view folder, std::string_view text) {
  std::set<std::string>& needs = needs_[std::string(folder)];
  bool in_list = false;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (line.starts_with("//go:embed ")) {
      line.remove_prefix(11);
      while (!(line = text::trim_left(line)).empty()) {
        const std::string_view word = line.substr(0, line.find_first_of(" \t"));
        needs.insert(embedded_folder(folder, word));
        line.remove_prefix(word.size());
      }
      continue;
    }
    if (in_list && line.starts_with(')')) in_list = false;
    const bool one = line.starts_with("import ") || line.starts_with("import(");
    if (one && line.find('(') != std::string_view::npos) in_list = true;
    if (!one && !in_list) continue;
    const std::string_view imported = quoted(line);
    if (imported == path_) needs.insert("");
    if (imported.starts_with(path_ + "/")) needs.insert(std::string(imported.substr(path_.size() + 1)));
  }
}

std::optional<GoModule> GoModule::read(const lint::BuildContext& context) {
  const auto manifest = context.read("go.mod");
  if (!manifest || context.files.find("go.work") != nullptr || context.files.find("vendor") != nullptr)
    return std::nullopt;
  if (!replaced_by_folders(*manifest).empty()) return std::nullopt;
  GoModule module;
  for (std::string_view rest = *manifest; !rest.empty();) {
    const std::string_view line = take_line(rest);
    if (line.starts_with("module "))
      module.path_ = without_go_quotes(text::trim(line.substr(7, line.find("//") - 7)));
  }
  size_t files = 0;
  uint64_t bytes = 0;
  for (const context::Record& record : context.files.records()) {
    if (record.type != context::Type::kFile || !record.path.ends_with(".go")) continue;
    bytes += record.size;
    if (++files > kMostModuleFiles || bytes > kMostModuleBytes) return std::nullopt;
    if (record.path.ends_with("_test.go")) continue;
    const auto text = context.read(record.path);
    if (!text) return std::nullopt;
    const std::string_view folder = text::parent_path(record.path);
    module.read_file(folder == "." ? "" : folder, *text);
  }
  if (module.path_.empty()) return std::nullopt;
  return module;
}

const GoModule* GoModule::of(const lint::BuildContext& context) {
  struct CachedModule {
    std::optional<GoModule> module;
  };
  const CachedModule& cached = context.shared<CachedModule>([&] { return CachedModule{read(context)}; });
  return cached.module ? &*cached.module : nullptr;
}

std::optional<std::set<std::string>> GoModule::needed_by(const std::string& folder, bool below) const {
  std::vector<std::string> waiting;
  for (const auto& [package, needs] : needs_) {
    if (package == folder || (below && (folder.empty() || text::is_within(package, folder))))
      waiting.push_back(package);
  }
  if (waiting.empty()) return std::nullopt;
  std::set<std::string> needed;
  while (!waiting.empty()) {
    const std::string one = std::move(waiting.back());
    waiting.pop_back();
    if (!needed.insert(one).second) continue;
    const auto package = needs_.find(one);
    if (package == needs_.end()) continue;  // something embedded
    waiting.insert(waiting.end(), package->second.begin(), package->second.end());
  }
  return needed;
}

}  // namespace dcache::rules
