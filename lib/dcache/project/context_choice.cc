#include "dcache/project/context_choice.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "dcache/cache/build.h"
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

// What a folder contains that the pattern describes, part by part: the first path from it; nothing if there
// is none.
std::optional<std::string> find_match(const std::string& folder, std::string_view pattern,
                                      const context::FileSystem& files) {
  const size_t slash = pattern.find('/');
  const std::string_view part = pattern.substr(0, slash);
  const std::string_view rest = slash == std::string_view::npos ? "" : pattern.substr(slash + 1);
  const auto find_below = [&](std::string_view name) -> std::optional<std::string> {
    if (rest.empty()) return std::string(name);
    const auto below = find_match(text::join_path(folder, name), rest, files);
    return below ? std::optional(text::join_path(name, *below)) : std::nullopt;
  };
  if (!text::has_wildcard(part))
    return files.exists(text::join_path(folder, part)) ? find_below(part) : std::nullopt;
  for (const context::FolderEntry& entry : files.list(folder)) {
    if (!text::glob_match(part, entry.name) || !(rest.empty() || entry.is_folder)) continue;
    if (auto found = find_below(entry.name)) return found;
  }
  return std::nullopt;
}

std::vector<std::string> missing_in(const std::string& folder, const std::vector<NeededPath>& needed,
                                    const context::FileSystem& files) {
  std::vector<std::string> missing;
  for (const NeededPath& path : needed) {
    if (missing.size() == kMostMissing) break;
    if (!find_match(folder, path.path, files)) missing.push_back(path.written);
  }
  return missing;
}

// The first of the files that the folder has; nothing if it has none.
std::optional<std::string> found_in(const std::string& folder, const NeededFile& file,
                                    const context::FileSystem& files) {
  for (const std::string& path : file.any_of) {
    if (auto found = find_match(folder, path, files)) return found;
  }
  return std::nullopt;
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
  constexpr std::array<std::string_view, 2> kEndings = {"ignore", ".bak"};
  constexpr std::array<std::string_view, 6> kStarts = {"README", "LICENSE",   "LICENCE",
                                                       "NOTICE", "CHANGELOG", ".git"};
  return is_dockerfile_name(name) || is_dockerfile_variant(name) || definition_kind(name).has_value() ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); }) ||
         std::ranges::any_of(kStarts, [&](std::string_view start) { return name.starts_with(start); });
}

bool has_ignore_file(const std::string& folder, const context::FileSystem& files) {
  return files.exists(text::join_path(folder, ".dockerignore"));
}

// Whether a manifest refers to what is outside of its folder: a package next to it, or a workspace.
bool leads_out(const std::string& path, const context::FileSystem& files) {
  constexpr size_t kLargest = size_t{256} << 10U;
  constexpr std::array<std::string_view, 5> kWords = {"../", "..\\", "workspace:", "workspace = true",
                                                      "workspace=true"};
  const auto text = files.read(path);
  return text && text->size() <= kLargest && std::ranges::any_of(kWords, [&](std::string_view word) {
           return text->find(word) != std::string::npos;
         });
}

// Chooses for a build that copies its context as a whole, whose own folder contains all that it names.
class WholeContext {
 public:
  WholeContext(const plan::Graph& graph, const std::string& dockerfile, const std::vector<NeededPath>& needed,
               const std::vector<std::string>& above, const context::FileSystem& files)
      : graph_(graph),
        dockerfile_(dockerfile),
        own_(text::parent_path(dockerfile)),
        needed_(needed),
        above_(above),
        files_(files) {}

  ContextChoice choose() {
    std::optional<ContextChoice> weak;
    bool is_own = !needed_.empty() || has_ignore_file(own_, files_);
    bool is_left = false;  // what speaks for the own folder refers to others
    const std::vector<NeededFile> files = files_of_commands(graph_);
    for (const NeededFile& file : files) {
      if (const auto path = found_in(own_, file, files_)) {
        is_own = true;
        is_left = is_left || leads_out(text::join_path(own_, *path), files_);
      } else if (auto other = folder_with(file)) {
        if (!file.weak) return *std::move(other);
        if (!weak) weak = std::move(other);
      }
    }
    // WORKDIR /src/svc after COPY . /src, for example.
    const std::vector<std::string> copies = copies_of_context(graph_);
    for (const std::string& folder : above_) {
      const std::string below = below_of(folder);
      if (!files_.exists(text::join_path(own_, below)) && mentions_copy_of(below, copies) &&
          takes_own(folder) && has_all(folder, files))
        return {folder, ContextChoice::Reason::kParent, below, {}};
    }
    for (const auto& [path, in_run] : named_paths(graph_)) {
      const bool is_here = files_.exists(text::join_path(own_, path));
      if (is_here && !files_.exists(text::join_path(above_.back(), path))) is_own = true;
      if (is_here || weak) continue;
      if (in_run && path.find('/') == std::string::npos) continue;
      weak = folder_with({{path}});
    }
    if (!is_own) return weak ? *std::move(weak) : without_evidence();
    if (is_left || weak) return open_choice();
    return {own_, ContextChoice::Reason::kOwnFolder, {}, {}};
  }

 private:
  ContextChoice open_choice() const {
    return {own_, ContextChoice::Reason::kOwnFolder, {}, {}, above_.back()};
  }

  ContextChoice without_evidence() const {
    const auto is_content = [](const context::FolderEntry& entry) {
      return entry.is_folder || !is_about(entry.name);
    };
    const context::FolderEntries entries = files_.list(own_);
    if (std::ranges::any_of(entries, is_content)) return open_choice();
    for (const std::string& folder : above_) {
      if (has_ignore_file(folder, files_) && !has_dockerfile(folder))
        return {folder, ContextChoice::Reason::kParent, ".dockerignore", {}};
    }
    return {above_.back(), ContextChoice::Reason::kTop, {}, {}};
  }

  // The nearest folder above with the file, if it can be the context.
  std::optional<ContextChoice> folder_with(const NeededFile& file) {
    for (const std::string& folder : above_) {
      const auto path = found_in(folder, file, files_);
      if (path && missing_in(folder, needed_, files_).empty() && takes_own(folder))
        return ContextChoice{folder, ContextChoice::Reason::kParent, *path, {}};
    }
    return std::nullopt;
  }

  // Whether a folder has what the commands surely need.
  bool has_all(const std::string& folder, const std::vector<NeededFile>& needed) const {
    return std::ranges::all_of(needed, [&](const NeededFile& file) {
      return file.weak || found_in(folder, file, files_).has_value();
    });
  }

  // The own folder from one above it.
  std::string below_of(const std::string& folder) const {
    return text::relative_path(files_.real_path(own_), files_.real_path(folder));
  }

  // Whether the ignore file of a folder above leaves the Dockerfile's own folder in.
  bool takes_own(const std::string& folder) {
    const auto [known, is_new] = takes_own_.try_emplace(folder);
    if (is_new) {
      const auto ignore = cache::load_ignore_file(dockerfile_, folder, plan::Builder::kBuildkit, files_);
      const std::string below = below_of(folder);
      known->second =
          !ignore || !ignore->matcher.decide(below).ignored || ignore->matcher.may_reinclude_below(below);
    }
    return known->second;
  }

  // Whether an instruction names the copy of a folder of the context.
  bool mentions_copy_of(const std::string& folder, const std::vector<std::string>& copies) const {
    return std::ranges::any_of(copies, [&](const std::string& place) {
      const std::string copy = text::join_path(place, folder);
      return std::ranges::any_of(graph_.instructions, [&](const dockerfile::Instruction& instruction) {
        const size_t at = instruction.joined.find(copy);
        if (at == std::string_view::npos) return false;
        const std::string_view after = instruction.joined.substr(at + copy.size());
        // A file that is built may be called as the folder is.
        if (instruction.keyword != dockerfile::Keyword::kWorkdir) return after.starts_with('/');
        return after.empty() || std::string_view("/ \t\"'").find(after.front()) != std::string_view::npos;
      });
    });
  }

  bool has_dockerfile(const std::string& folder) const {
    return std::ranges::any_of(files_.list(folder), [](const context::FolderEntry& entry) {
      return !entry.is_folder && is_dockerfile_name(entry.name);
    });
  }

  const plan::Graph& graph_;
  const std::string& dockerfile_;
  const std::string own_;
  const std::vector<NeededPath>& needed_;
  const std::vector<std::string>& above_;
  const context::FileSystem& files_;
  std::map<std::string, bool> takes_own_;  // by folder
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
  return WholeContext(graph, dockerfile, needed, above, files).choose();
}

}  // namespace dcache::project
