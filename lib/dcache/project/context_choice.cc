#include "dcache/project/context_choice.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "dcache/project/definitions.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

constexpr size_t kMostMissing = 3;

// Commands that end with an error without one of these files in the folder that they are run in.
struct Tool {
  std::string_view command;
  std::array<std::string_view, 2> files;  // the second may be empty
};
constexpr std::array<Tool, 16> kTools = {{{"go build", {"go.mod"}},
                                          {"go test", {"go.mod"}},
                                          {"go mod download", {"go.mod"}},
                                          {"cargo build", {"Cargo.toml"}},
                                          {"npm ci", {"package-lock.json", "npm-shrinkwrap.json"}},
                                          {"pnpm install", {"pnpm-lock.yaml", "package.json"}},
                                          {"pnpm i --frozen-lockfile", {"pnpm-lock.yaml"}},
                                          {"pnpm install --frozen-lockfile", {"pnpm-lock.yaml"}},
                                          {"yarn install --frozen-lockfile", {"yarn.lock"}},
                                          {"yarn install --immutable", {"yarn.lock"}},
                                          {"turbo prune", {"turbo.json"}},
                                          {"uv sync", {"pyproject.toml"}},
                                          {"poetry install", {"pyproject.toml"}},
                                          {"mvn ", {"pom.xml"}},
                                          {"bundle install", {"Gemfile"}},
                                          {"composer install", {"composer.json"}}}};

// A path that has to be in the context.
struct NeededPath {
  std::string path;     // from the context
  std::string written;  // as in the Dockerfile, in words
};

// A word without its variables, and their names.
struct WithoutVariables {
  std::string text;
  std::vector<std::string> names;
};

WithoutVariables without_variables(std::string_view word) {
  WithoutVariables result;
  while (!word.empty()) {
    const size_t plain = std::min(word.find('$'), word.size());
    result.text += word.substr(0, plain);
    word.remove_prefix(std::min(plain + 1, word.size()));
    const bool braces = word.starts_with('{');
    if (braces) word.remove_prefix(1);
    const size_t end = std::min(word.find_first_not_of(text::kNameCharacters), word.size());
    if (end > 0) result.names.emplace_back(word.substr(0, end));
    word.remove_prefix(braces && end < word.size() ? end + 1 : end);
  }
  return result;
}

// A source of COPY or ADD as a reader looks for it: "${NAME}.jar (NAME has no value)", of which nothing but
// ".jar" is left.
std::string as_shown(const plan::Step& step, const std::string& written) {
  for (const dockerfile::Word& word : step.instruction->arguments) {
    if (word.text.find('$') == std::string::npos) continue;
    const WithoutVariables without = without_variables(word.text);
    if (without.text == written && !without.names.empty())
      return fmt::format("{} ({} {} no value)", word.text, text::list_words(without.names),
                         without.names.size() == 1 ? "has" : "have");
  }
  return written;
}

// What the needed steps take from the context by name, each once. What depends on a variable without a value
// says nothing.
std::vector<NeededPath> needed_paths(const plan::Graph& graph) {
  std::vector<NeededPath> needed;
  std::set<std::string> seen;
  for (const plan::Step& step : graph.steps) {
    if (!step.needed) continue;
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      for (const plan::Selector& selector : read.selectors) {
        if (selector.takes_everything() || selector.path.find('$') != std::string::npos) continue;
        if (seen.insert(selector.path).second)
          needed.push_back({selector.path.substr(selector.path.starts_with('/') ? 1 : 0),
                            as_shown(step, selector.written)});
      }
    }
  }
  return needed;
}

// Whether a folder contains something that the pattern describes, part by part.
bool has_match(const std::string& folder, std::string_view pattern, const context::FileSystem& files) {
  const size_t slash = pattern.find('/');
  const std::string_view part = pattern.substr(0, slash);
  const std::string_view rest = slash == std::string_view::npos ? "" : pattern.substr(slash + 1);
  if (!text::has_wildcard(part)) {
    const std::string path = text::join_path(folder, part);
    return files.exists(path) && (rest.empty() || has_match(path, rest, files));
  }
  return std::ranges::any_of(files.list(folder), [&](const context::FolderEntry& entry) {
    if (!text::glob_match(part, entry.name)) return false;
    return rest.empty() || (entry.is_folder && has_match(text::join_path(folder, entry.name), rest, files));
  });
}

std::vector<std::string> missing_in(const std::string& folder, const std::vector<NeededPath>& needed,
                                    const context::FileSystem& files) {
  std::vector<std::string> missing;
  for (const NeededPath& path : needed) {
    if (missing.size() == kMostMissing) break;
    if (!has_match(folder, path.path, files)) missing.push_back(path.written);
  }
  return missing;
}

bool has_any(const std::string& folder, const Tool& tool, const context::FileSystem& files) {
  return std::ranges::any_of(tool.files, [&](std::string_view name) {
    return !name.empty() && files.exists(text::join_path(folder, name));
  });
}

// The commands that work on what a step before copied from the context as a whole.
std::vector<Tool> tools_of(const plan::Graph& graph) {
  const auto takes_all = [](const plan::Step& step) {
    return step.needed && std::ranges::any_of(step.reads, [](const plan::Read& read) {
             return read.origin == plan::Read::Origin::kContext &&
                    std::ranges::any_of(read.selectors, &plan::Selector::takes_everything);
           });
  };
  std::vector<Tool> tools;
  if (std::ranges::none_of(graph.steps, takes_all)) return tools;
  for (const plan::Step& step : graph.steps) {
    if (!step.needed || step.kind != plan::Step::Kind::kRun) continue;
    const std::string text = step.instruction->one_line();
    // It may be run in what was downloaded.
    if (text.find("git clone") != std::string::npos || text.find("curl ") != std::string::npos) continue;
    std::ranges::copy_if(kTools, std::back_inserter(tools),
                         [&](const Tool& tool) { return text.find(tool.command) != std::string::npos; });
  }
  return tools;
}

// The folders above one, up to the root, the nearest first.
std::vector<std::string> folders_above(const std::string& own, const std::string& root,
                                       const context::FileSystem& files) {
  std::vector<std::string> folders;
  const std::string top = files.real_path(root);
  std::string folder = own;
  for (std::string real = files.real_path(own); real != top && text::is_within(real, top);
       real = text::parent_path(real)) {
    folder = folder_above(folder);
    folders.push_back(folder);
  }
  return folders;
}

}  // namespace

ContextChoice choose_context(const plan::Graph& graph, const std::string& dockerfile, const std::string& root,
                             const context::FileSystem& files) {
  const std::vector<NeededPath> needed = needed_paths(graph);
  const std::string own(text::parent_path(dockerfile));
  std::vector<std::string> missing = missing_in(own, needed, files);
  const std::vector<std::string> above = folders_above(own, root, files);
  if (!missing.empty()) {
    const std::string first = missing.front();
    ContextChoice best{own, ContextChoice::Reason::kNone, {}, std::move(missing)};
    for (const std::string& folder : above) {
      std::vector<std::string> lacks = missing_in(folder, needed, files);
      if (lacks.empty()) return {folder, ContextChoice::Reason::kParent, first, {}};
      // A step before the build may make what is left.
      if (lacks.size() < best.missing.size())
        best = {folder, ContextChoice::Reason::kNone, {}, std::move(lacks)};
    }
    return best;
  }
  for (const Tool& tool : tools_of(graph)) {
    if (has_any(own, tool, files)) continue;
    for (const std::string& folder : above) {
      if (has_any(folder, tool, files) && missing_in(folder, needed, files).empty())
        return {folder, ContextChoice::Reason::kParent, std::string(tool.files.front()), {}};
    }
  }
  return {own, ContextChoice::Reason::kOwnFolder, {}, {}};
}

}  // namespace dcache::project
