#include "rules/needless.h"

#include <algorithm>
#include <set>

#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostFilesRead = 32;            // of the context that are read for one answer
constexpr size_t kMostBytesOfFile = 256 * 1024;  // of one of them

// The content of a file of the context; empty if it is not there, or too large to look at in passing.
std::string content_of(const lint::BuildContext& context, const context::Record& record) {
  if (record.type != context::Type::kFile || record.size > kMostBytesOfFile) return {};
  return context.read(record.path).value_or("");
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Files by which build tools work, and the text in them that says that these ask git.
struct Tool {
  std::string_view file;
  std::string_view says;
};
constexpr Tool kTools[] = {{"build.rs", "git"},
                           {"setup.py", "scm"},
                           {"setup.py", "versioneer"},
                           {"pyproject.toml", "scm"},
                           {"pyproject.toml", "vcs"},
                           {"pyproject.toml", "versioneer"},
                           {"pyproject.toml", "dynamic-versioning"},
                           {"setup.cfg", "pbr"},
                           {"pom.xml", "git-commit-id"},
                           {"build.gradle", "git"},
                           {"build.gradle.kts", "git"},
                           {"package.json", "git "},
                           {"Makefile", "git "},
                           {"makefile", "git "},
                           {"GNUmakefile", "git "},
                           {"CMakeLists.txt", "git"},
                           {"Rakefile", "git "},
                           {"Cargo.toml", "vergen"}};

bool runs_git(const shell::Command& command) {
  const auto words = shell::invocation(command);
  if (shell::program_of(words) != "git") return false;
  return !shell::has_word(words, "clone") && !shell::has_word(words, "config") &&
         !shell::has_word(words, "init");
}

// Whether a word of a command is a script of the context that calls git.
bool is_script_with_git(const lint::BuildContext& context, const shell::Word& word) {
  if (word.text.find('/') == std::string_view::npos && !word.text.ends_with(".sh")) return false;
  const auto records = context.called(text::base_name(word.text));
  return std::ranges::any_of(
      records.first(std::min(records.size(), kMostFilesRead)),
      [&](const context::Record* record) { return holds(content_of(context, *record), "git "); });
}

bool is_edited_often(std::string_view name) {
  if (name.ends_with(".dockerignore")) return false;
  constexpr std::string_view kPatterns[] = {"README*",
                                            "CHANGELOG*",
                                            "CONTRIBUTING*",
                                            "CODE_OF_CONDUCT*",
                                            "SECURITY.md",
                                            "docs",
                                            "doc",
                                            ".github",
                                            ".gitlab",
                                            ".gitlab-ci.yml",
                                            ".circleci",
                                            ".travis.yml",
                                            "tests",
                                            "test",
                                            "Dockerfile",
                                            "Dockerfile.*",
                                            "*.Dockerfile",
                                            "docker-compose*.yml",
                                            "docker-compose*.yaml",
                                            "compose.yaml",
                                            "compose.yml",
                                            "compose.*.yaml",
                                            "compose.*.yml",
                                            "Jenkinsfile"};
  return std::ranges::any_of(kPatterns,
                             [&](std::string_view pattern) { return text::glob_match(pattern, name); });
}

// A file at the root that tells a build what to read.
bool says_what_is_read(std::string_view name) {
  constexpr std::string_view kPatterns[] = {"package.json",
                                            "pyproject.toml",
                                            "setup.py",
                                            "setup.cfg",
                                            "MANIFEST.in",
                                            "Cargo.toml",
                                            "*.sln",
                                            "*.slnx",
                                            "Makefile",
                                            "makefile",
                                            "GNUmakefile",
                                            "tsconfig*.json",
                                            "composer.json",
                                            "*.gemspec",
                                            "build.gradle",
                                            "build.gradle.kts",
                                            "settings.gradle",
                                            "settings.gradle.kts",
                                            "pom.xml",
                                            "CMakeLists.txt",
                                            "meson.build",
                                            "go.work",
                                            "pnpm-workspace.yaml",
                                            "mkdocs.yml",
                                            "angular.json",
                                            "nx.json",
                                            "turbo.json",
                                            "Rakefile",
                                            "*.config.js",
                                            "*.config.ts",
                                            "*.config.mjs",
                                            "mix.exs",
                                            "build.sbt",
                                            "*.cabal",
                                            "*.csproj",
                                            "*.go",
                                            "Taskfile.yml",
                                            "justfile"};
  return std::ranges::any_of(kPatterns,
                             [&](std::string_view pattern) { return text::glob_match(pattern, name); });
}

// Whether an exception of the ignore file takes something of that name back on purpose.
bool is_wanted(const lint::BuildContext& context, std::string_view name) {
  return context.ignore &&
         std::ranges::any_of(context.ignore->patterns(), [&](const ignore::Pattern& pattern) {
           return pattern.exception &&
                  std::string_view(pattern.path).substr(0, pattern.path.find('/')) == name;
         });
}

// Source files of languages in which a program can contain other files, or reads them by name.
bool may_include_files(std::string_view path) {
  constexpr std::string_view kEndings[] = {".rs",  ".py", ".js",  ".mjs",  ".cjs", ".ts",  ".tsx", ".jsx",
                                           ".vue", ".rb", ".php", ".ex",   ".exs", ".zig", ".c",   ".cc",
                                           ".cpp", ".h",  ".hs",  ".toml", ".cfg", ".json"};
  constexpr std::string_view kFolders[] = {"node_modules/", "vendor/", "target/", ".git/", "dist/"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); }) &&
         std::ranges::none_of(kFolders, [&](std::string_view folder) { return holds(path, folder); });
}

// Whether a source file names the file or folder at the root of the context in quotes, from the folder above
// or, in Rust, by a macro that includes a file.
bool includes_file(std::string_view source, std::string_view name, bool in_rust) {
  const bool is_document = name.starts_with("README") || name.starts_with("CHANGELOG");
  const bool by_macro = in_rust && holds(source, "include");
  for (size_t at = source.find(name); at != std::string_view::npos; at = source.find(name, at + 1)) {
    size_t begin = at;
    while (begin > 0 && (source[begin - 1] == '.' || source[begin - 1] == '/'))
      --begin;
    const bool quoted =
        begin > 0 && std::string_view("\"'`").find(source[begin - 1]) != std::string_view::npos;
    const bool from_above = holds(source.substr(begin, at - begin), "../");
    if (quoted && (from_above || by_macro || is_document)) return true;
  }
  return false;
}

// Takes away the names that a source file of the context refers to; all of them if there are too many files
// to look at.
void drop_included(const lint::BuildContext& context, std::set<std::string, std::less<>>& names) {
  constexpr size_t kMostSources = 4096;
  size_t sources = 0;
  for (const context::Record& record : context.files.records()) {
    if (names.empty()) return;
    const std::string_view top = std::string_view(record.path).substr(0, record.path.find('/'));
    if (record.type != context::Type::kFile || names.contains(top) || !may_include_files(record.path))
      continue;
    if (++sources > kMostSources) return names.clear();
    const std::string text = content_of(context, record);
    const bool in_rust = record.path.ends_with(".rs");
    std::erase_if(names, [&](const std::string& name) { return includes_file(text, name, in_rust); });
  }
}

}  // namespace

bool may_read_git(lint::Dockerfile& dockerfile, const lint::BuildContext& context) {
  if (holds(dockerfile.file().source(), "BUILDKIT_CONTEXT_KEEP_GIT_DIR")) return true;
  for (const lint::Run& run : dockerfile.runs()) {
    for (const shell::Command& command : run.commands) {
      if (runs_git(command)) return true;
      if (std::ranges::any_of(command.words,
                              [&](const shell::Word& word) { return is_script_with_git(context, word); }))
        return true;
    }
  }
  return std::ranges::any_of(kTools, [&](const Tool& tool) {
    const auto records = context.called(tool.file);
    return std::ranges::any_of(
        records.first(std::min(records.size(), kMostFilesRead)),
        [&](const context::Record* record) { return holds(content_of(context, *record), tool.says); });
  });
}

std::vector<std::string> needless_names(lint::Dockerfile& dockerfile, const lint::BuildContext& context) {
  std::set<std::string, std::less<>> names;
  std::string mentions(dockerfile.file().source());
  std::string_view last;
  bool is_needless = false;  // what is called `last`
  for (const context::Record& record : context.files.records()) {
    const std::string_view top = std::string_view(record.path).substr(0, record.path.find('/'));
    if (top != last) is_needless = is_edited_often(top) && !is_wanted(context, top);
    last = top;
    if (is_needless && record.type == context::Type::kFile) names.emplace(top);
    if (top.size() == record.path.size() && says_what_is_read(top)) mentions += content_of(context, record);
  }
  // A stage or a step that tests reads what there is.
  const std::string lower = text::to_lower(dockerfile.file().source());
  std::erase_if(names, [&](const std::string& name) {
    if (name.starts_with("test"))
      return holds(lower, "test") || holds(mentions, name + "/") || holds(mentions, "\"" + name);
    const std::string stem = name.substr(0, name.find('.', 1));
    return holds(mentions, stem);
  });
  drop_included(context, names);
  return {names.begin(), names.end()};
}

}  // namespace dcache::rules
