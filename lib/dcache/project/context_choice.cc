#include "dcache/project/context_choice.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "dcache/project/context_evidence.h"
#include "dcache/project/definitions.h"
#include "dcache/project/discover.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

constexpr size_t kMostMissing = 3;

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

bool has_any(const std::string& folder, const NeededFile& file, const context::FileSystem& files) {
  return std::ranges::any_of(file.any_of,
                             [&](const std::string& path) { return has_match(folder, path, files); });
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

// Files about a repository, which no build is for.
bool is_about(std::string_view name) {
  constexpr std::array<std::string_view, 5> kEndings = {".md", ".rst", ".adoc", "ignore", ".bak"};
  constexpr std::array<std::string_view, 6> kStarts = {"README", "LICENSE",   "LICENCE",
                                                       "NOTICE", "CHANGELOG", ".git"};
  return is_dockerfile_name(name) || is_dockerfile_variant(name) || definition_kind(name).has_value() ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); }) ||
         std::ranges::any_of(kStarts, [&](std::string_view start) { return name.starts_with(start); });
}

// What images are set up with, which may be next to a Dockerfile whose sources are elsewhere.
bool is_of_image(std::string_view name) {
  constexpr std::array<std::string_view, 10> kEndings = {".sh",  ".bash", ".ps1", ".conf", ".cfg",
                                                         ".ini", ".env",  ".yml", ".yaml", ".toml"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_name_character(char c) {
  return text::kNameCharacters.find(c) != std::string_view::npos || c == '-' || c == '.';
}

// Whether a text mentions a name as a whole.
bool mentions(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !is_name_character(text[at - 1])) &&
        (end == text.size() || !is_name_character(text[end])))
      return true;
  }
  return false;
}

// Whether an instruction names something of the folder that the folder `top` does not have as well.
bool names_own(const plan::Graph& graph, const std::vector<std::string>& own, const std::string& top,
               const context::FileSystem& files) {
  constexpr size_t kShortest = 3;
  return std::ranges::any_of(own, [&](const std::string& name) {
    if (name.size() < kShortest || files.exists(text::join_path(top, name))) return false;
    return std::ranges::any_of(graph.instructions, [&](const dockerfile::Instruction& instruction) {
      return mentions(instruction.joined, name) ||
             std::ranges::any_of(instruction.heredocs, [&](const dockerfile::Heredoc& heredoc) {
               return mentions(heredoc.content, name);
             });
    });
  });
}

bool has_ignore_file(const std::string& folder, const context::FileSystem& files) {
  return files.exists(text::join_path(folder, ".dockerignore"));
}

// What a build copies as a whole from a folder that contains all that it names.
class WholeContext {
 public:
  WholeContext(const plan::Graph& graph, const std::vector<NeededPath>& needed,
               const std::vector<std::string>& above, const context::FileSystem& files)
      : graph_(graph), commands_(files_of_commands(graph)), needed_(needed), above_(above), files_(files) {}

  ContextChoice choose(const std::string& own) const {
    for (const NeededFile& file : commands_) {
      if (has_any(own, file, files_)) continue;
      for (const std::string& folder : above_) {
        if (has_any(folder, file, files_) && missing_in(folder, needed_, files_).empty())
          return {folder, ContextChoice::Reason::kParent, file.any_of.front(), {}};
      }
    }
    // WORKDIR /src/svc after COPY . /src, for example.
    for (const std::string& folder : above_) {
      const std::string below = text::relative_path(files_.real_path(own), files_.real_path(folder));
      if (!files_.exists(text::join_path(own, below)) && mentions_copy_of(below))
        return {folder, ContextChoice::Reason::kParent, below, {}};
    }
    const std::string& top = above_.back();
    std::vector<std::string> content;
    bool has_sources = false;
    for (const context::FolderEntry& entry : files_.list(own)) {
      if (!entry.is_folder && is_about(entry.name)) continue;
      content.emplace_back(entry.name);
      has_sources = has_sources || entry.is_folder || !is_of_image(entry.name);
    }
    if (is_told_to_be(own, content, top)) return {own, ContextChoice::Reason::kOwnFolder, {}, {}};
    // An ignore file that no other Dockerfile is next to is there for this one, if its own folder has no
    // sources.
    for (const std::string& folder : above_) {
      if (!has_sources && has_ignore_file(folder, files_) && !has_dockerfile(folder))
        return {folder, ContextChoice::Reason::kParent, ".dockerignore", {}};
    }
    if (content.empty()) return {top, ContextChoice::Reason::kTop, {}, {}};
    return {own, ContextChoice::Reason::kOwnFolder, {}, {}, top};
  }

 private:
  bool is_told_to_be(const std::string& own, const std::vector<std::string>& content,
                     const std::string& top) const {
    const auto is_there = [&](const NeededFile& file) { return has_any(own, file, files_); };
    return !needed_.empty() || has_ignore_file(own, files_) || std::ranges::any_of(commands_, is_there) ||
           names_own(graph_, content, top, files_);
  }

  // Whether an instruction names the copy of a folder of the context.
  bool mentions_copy_of(const std::string& folder) const {
    return std::ranges::any_of(copies_of_context(graph_), [&](const std::string& place) {
      const std::string copy = text::join_path(place, folder);
      return std::ranges::any_of(graph_.instructions, [&](const dockerfile::Instruction& instruction) {
        return mentions(instruction.joined, copy);
      });
    });
  }

  bool has_dockerfile(const std::string& folder) const {
    return std::ranges::any_of(files_.list(folder), [](const context::FolderEntry& entry) {
      return !entry.is_folder && is_dockerfile_name(entry.name);
    });
  }

  const plan::Graph& graph_;
  std::vector<NeededFile> commands_;
  const std::vector<NeededPath>& needed_;
  const std::vector<std::string>& above_;
  const context::FileSystem& files_;
};

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
  if (above.empty() || !takes_whole_context(graph)) return {own, ContextChoice::Reason::kOwnFolder, {}, {}};
  return WholeContext(graph, needed, above, files).choose(own);
}

}  // namespace dcache::project
