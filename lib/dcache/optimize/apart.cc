#include "dcache/optimize/apart.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/edit.h"
#include "dcache/text/mentions.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::optimize {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using plan::Graph;
using plan::Read;
using plan::Step;

constexpr uint64_t kLargestFile = 1 << 20;  // a larger one is data
constexpr uint64_t kMostBytes = 64 << 20;   // of all files that are read for one answer
constexpr size_t kMostFolders = 16;         // that are proposed: each is tried with all commits

// Folders that programs read without naming them, and those that the rules about ignore files speak of.
constexpr auto kReadByName = std::to_array<std::string_view>(
    {"app",     "assets", "bin",         "cmd",        "components",   "config",   "content", "data",
     "db",      "doc",    "docs",        "include",    "internal",     "layouts",  "lib",     "libs",
     "locales", "main",   "middleware",  "migrations", "node_modules", "packages", "pages",   "pkg",
     "plugins", "proto",  "public",      "resources",  "src",          "static",   "styles",  "templates",
     "test",    "tests",  "third_party", "types",      "vendor",       "views"});

// Files by which a folder is a project of its own.
constexpr auto kManifests = std::to_array<std::string_view>(
    {"package.json", "pyproject.toml", "requirements.txt", "setup.py", "Cargo.toml", "go.mod", "main.go",
     "pom.xml", "build.gradle", "build.gradle.kts", "composer.json", "Gemfile", "CMakeLists.txt",
     "Dockerfile"});

bool is_plain(std::string_view path) {
  return std::ranges::all_of(path, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/';
  });
}

// Whether a word of a command means all that is there: ".", "..", "./...", "*/x" or the like.
bool lists_folders(std::string_view text) {
  constexpr std::string_view kAround = " \t\r\n\"'`;&|()=,[]";
  for (size_t begin = text.find_first_not_of(kAround); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kAround, begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    if (word == "." || word == "./" || word.starts_with("..") || word.find("...") != std::string_view::npos ||
        word.find('*') != std::string_view::npos)
      return true;
    begin = text.find_first_not_of(kAround, end);
  }
  return false;
}

// Whether a program of a RUN goes through the whole tree by itself: tests, linters, and what runs a task in
// all packages.
bool starts_tree_walk(std::string_view script) {
  constexpr auto kPrograms = std::to_array<std::string_view>(
      {"pytest",  "tox",     "nox",     "unittest", "compileall", "lerna",     "nx",       "turbo",
       "rush",    "git",     "du",      "find",     "rsync",      "eslint",    "mypy",     "ruff",
       "black",   "flake8",  "pylint",  "jest",     "vitest",     "mocha",     "prettier", "rspec",
       "rubocop", "phpunit", "phpstan", "bazel",    "gradle",     "./gradlew", "mvn",      "./mvnw",
       "cloc",    "fd",      "rg",      "ag",       "tree"});
  return std::ranges::any_of(kPrograms,
                             [&](std::string_view program) { return text::mentions(script, program); }) ||
         script.find("ls -R") != std::string_view::npos || script.find("-r ") != std::string_view::npos;
}

// A folder at the root, or one of several projects in such a folder.
struct ContextFolder {
  std::string path;
  bool is_read = false;                       // by a step that is not known
  std::set<const Instruction*> readers = {};  // the RUNs that mention it
};

// Files that tell people, git and builders about a project. A program that a RUN starts finds no folder by
// what is written there.
bool is_about_project(std::string_view path) {
  const std::string name = text::to_lower(text::base_name(path));
  constexpr auto kStarts = std::to_array<std::string_view>(
      {"dockerfile", "docker-compose", "docker-bake", "compose.", "readme", "license", "changelog",
       "contributing", ".docker", ".git", ".gitlab-ci", "skaffold."});
  return name.ends_with(".md") || name.ends_with(".dockerfile") ||
         std::ranges::any_of(kStarts, [&](std::string_view start) { return name.starts_with(start); });
}

bool is_at_root(std::string_view path) {
  return path.find('/') == std::string_view::npos;
}

// Folders at the root with several projects.
std::set<std::string, std::less<>> groups_of(const lint::BuildContext& context) {
  std::map<std::string, std::set<std::string_view>, std::less<>> projects;
  for (const context::Record& record : context.files.records()) {
    const std::string_view folder = text::parent_path(record.path);
    const std::string_view root = text::parent_path(folder);
    if (record.type != context::Type::kFile || is_at_root(folder) || !is_at_root(root)) continue;
    if (std::ranges::find(kManifests, text::base_name(record.path)) != kManifests.end())
      projects[std::string(root)].insert(folder);
  }
  std::set<std::string, std::less<>> groups;
  for (const auto& [root, folders] : projects) {
    if (folders.size() > 1) groups.insert(root);
  }
  return groups;
}

// Finds what is read: follows names from the instructions over the files of what they mention.
class ReferenceSearch {
 public:
  explicit ReferenceSearch(const lint::BuildContext& context)
      : context_(context), groups_(groups_of(context)) {
    for (const context::Record& record : context.files.records()) {
      if (record.type != context::Type::kFolder) continue;
      const std::string_view parent = text::parent_path(record.path);
      const bool is_one = is_at_root(record.path) ? !groups_.contains(record.path) : groups_.contains(parent);
      if (!is_one) continue;
      const std::string_view name = text::base_name(record.path);
      const bool is_usual = std::ranges::find(kReadByName, name) != kReadByName.end();
      folders_.push_back({.path = record.path,
                          .is_read = name.starts_with('.') || !is_plain(record.path) ||
                                     (is_usual && is_at_root(record.path))});
    }
  }

  // `run` is the RUN that the text is of; null for other instructions.
  void look_in_instruction(std::string_view text, const Instruction* run) {
    if (run != nullptr && (lists_folders(text) || starts_tree_walk(text))) {
      for (ContextFolder& folder : folders_)
        folder.is_read = true;
    }
    for (const std::string& group : groups_) {
      if (text::mentions(text, group) && !names_one_of(text, group)) read_all_of(group);
    }
    for (ContextFolder& folder : folders_) {
      if (!text::mentions(text, text::base_name(folder.path))) continue;
      folder.is_read = folder.is_read || run == nullptr;
      if (run != nullptr) folder.readers.insert(run);
    }
  }

  // Whether all was looked into: there may be too much.
  bool follow() {
    std::set<std::string_view> seen;
    bool goes_on = look_in_other_files();
    if (!goes_on) return false;
    while (goes_on) {
      goes_on = false;
      for (size_t i = 0; i < folders_.size(); ++i) {
        const bool is_used = folders_[i].is_read || !folders_[i].readers.empty();
        if (!is_used || !seen.insert(folders_[i].path).second) continue;
        goes_on = true;
        for (const context::Record& record : context_.files.below(folders_[i].path)) {
          if (!look_in_file(record)) return false;
        }
      }
    }
    return true;
  }

  const std::vector<ContextFolder>& folders() const { return folders_; }

 private:
  // Whether the text has "GROUP/" with the name of a project of it, each time that it has "GROUP/".
  bool names_one_of(std::string_view text, std::string_view group) const {
    const std::string prefix = fmt::format("{}/", group);
    bool names = false;
    for (size_t at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
      const std::string_view rest = text.substr(at);
      names = std::ranges::any_of(folders_, [&](const ContextFolder& folder) {
        return folder.path.starts_with(prefix) && rest.starts_with(folder.path);
      });
      if (!names) return false;
    }
    return names;
  }

  void read_all_of(std::string_view group) {
    for (ContextFolder& folder : folders_)
      folder.is_read = folder.is_read || text::is_within(folder.path, group);
  }

  // In the text of a file: one that mentions the folder that it is in says nothing about other readers.
  void look_in(std::string_view text, std::string_view path) {
    for (ContextFolder& folder : folders_)
      folder.is_read = folder.is_read || (!text::is_within(path, folder.path) &&
                                          text::mentions(text, text::base_name(folder.path)));
  }

  // Files at the root, and those next to the projects of a group.
  bool look_in_other_files() {
    return std::ranges::all_of(context_.files.records(), [&](const context::Record& record) {
      const std::string_view parent = text::parent_path(record.path);
      const bool is_other = is_at_root(record.path) || groups_.contains(parent);
      return !is_other || is_about_project(record.path) || record.type == context::Type::kFolder ||
             look_in_file(record);
    });
  }

  bool look_in_file(const context::Record& record) {
    if (record.type == context::Type::kSymlink) look_in_text(record.target, record.path);
    if (record.type != context::Type::kFile || record.size > kLargestFile) return true;
    bytes_ += record.size;
    if (bytes_ > kMostBytes) return false;
    if (const auto content = context_.read(record.path)) look_in_text(*content, record.path);
    return true;
  }

  // A file mentions a whole group only with a slash, as "packages/*": its name alone can be any word.
  void look_in_text(std::string_view text, std::string_view path) {
    for (const std::string& group : groups_) {
      if (text.find(group + '/') != std::string_view::npos && !names_one_of(text, group)) read_all_of(group);
    }
    look_in(text, path);
  }

  const lint::BuildContext& context_;
  std::set<std::string, std::less<>> groups_;
  std::vector<ContextFolder> folders_;
  uint64_t bytes_ = 0;
};

// Whether a step is a COPY of the whole context that takes more flags: of the main context, and nothing else.
bool can_leave_out(const Step& step) {
  if (!step.needed || step.kind != Step::Kind::kCopy || step.trigger) return false;
  const Instruction& instruction = *step.instruction;
  if (instruction.keyword != Keyword::kCopy || step.reads.size() != 1) return false;
  const Read& read = step.reads.front();
  return read.origin == Read::Origin::kContext && read.selectors.size() == 1 &&
         read.selectors.front().path == "/" && read.selectors.front().include.empty();
}

bool sees(const Graph& graph, const Step& run, const Step& copy) {
  if (!run.needed || run.kind != Step::Kind::kRun || &run < &copy) return false;
  const auto reads_stage = [&](const Read& read) {
    return read.origin == Read::Origin::kStage && graph.starts_from(read.stage, copy.stage);
  };
  return graph.starts_from(run.stage, copy.stage) || std::ranges::any_of(run.reads, reads_stage);
}

// Whether another stage takes the folder with what is around it, so that no instruction has its name.
bool is_taken_with_others(const Graph& graph, const Step& copy, std::string_view place) {
  return std::ranges::any_of(graph.steps, [&](const Step& step) {
    if (step.kind != Step::Kind::kCopy) return false;
    return std::ranges::any_of(step.reads, [&](const Read& read) {
      if (read.origin != Read::Origin::kStage || !graph.starts_from(read.stage, copy.stage)) return false;
      return read.selectors.empty() ||
             std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
               return selector.wildcard || text::is_within(place, text::clean_path("/" + selector.path));
             });
    });
  });
}

// Whether a RUN may change the owner or mode of files that are there.
bool may_change_modes(const Instruction& run) {
  constexpr auto kPrograms = std::to_array<std::string_view>({"chown", "chmod", "chgrp", "setfacl"});
  return std::ranges::any_of(kPrograms,
                             [&](std::string_view program) { return text::mentions(run.joined, program); });
}

// Where a COPY below another one brings a folder of it, as written there, so that it is the same place
// whatever the base image and the build arguments say. Nothing if a WORKDIR between the two, which end with
// `last`, gives it another meaning.
std::optional<std::string> place_below(const Graph& graph, const Step& copy, const ContextFolder& folder,
                                       const Step& last) {
  const std::string_view written = copy.instruction->arguments.back().text;
  const bool moves = std::ranges::any_of(graph.stages[copy.stage].steps, [&](size_t index) {
    const Step& step = graph.steps[index];
    return step.kind == Step::Kind::kWorkdir && &step > &copy && &step < &last;
  });
  const bool sets = std::ranges::any_of(graph.instructions, [&](const Instruction& one) {
    return (one.keyword == Keyword::kEnv || one.keyword == Keyword::kArg) &&
           one.start_line > copy.instruction->start_line && one.start_line < last.instruction->start_line;
  });
  if (written.find('$') != std::string_view::npos ? sets : moves && !written.starts_with('/'))
    return std::nullopt;
  return fmt::format("{}{}{}", written, written.ends_with('/') ? "" : "/", folder.path);
}

// The first RUN that mentions a folder; null if the RUNs that do are not all ones of the stage of the COPY,
// after it.
const Step* first_reader(const Graph& graph, const Step& copy, const ContextFolder& folder) {
  const Step* first = nullptr;
  size_t found = 0;
  for (const size_t index : graph.stages[copy.stage].steps) {
    const Step& step = graph.steps[index];
    if (!sees(graph, step, copy) || !folder.readers.contains(step.instruction)) continue;
    if (first == nullptr) first = &step;
    ++found;
  }
  return found == folder.readers.size() ? first : nullptr;
}

// The folder, if the RUNs that see it before its first reader need not.
std::optional<ApartFolder> apart_until_read(const Graph& graph, const Step& copy,
                                            const ContextFolder& folder) {
  const Step* const reader = first_reader(graph, copy, folder);
  if (reader == nullptr) return std::nullopt;
  ApartFolder apart{.line = copy.instruction->start_line,
                    .path = folder.path,
                    .runs = {},
                    .reader = reader->instruction->start_line,
                    .place = {}};
  auto place = place_below(graph, copy, folder, *reader);
  if (!place) return std::nullopt;
  apart.place = *std::move(place);
  for (const size_t index : graph.stages[copy.stage].steps) {
    const Step& step = graph.steps[index];
    if (&step >= reader || !sees(graph, step, copy)) continue;
    if (may_change_modes(*step.instruction)) return std::nullopt;
    apart.runs.push_back(step.instruction->start_line);
  }
  return apart.runs.empty() ? std::nullopt : std::optional(std::move(apart));
}

// The last RUN of the stage of a COPY, or the COPY itself.
const Step& last_run_of(const Graph& graph, const Step& copy) {
  const Step* last = &copy;
  for (const size_t index : graph.stages[copy.stage].steps) {
    if (graph.steps[index].kind == Step::Kind::kRun) last = &graph.steps[index];
  }
  return *last;
}

// What one COPY brings and no step reads, or only later ones do.
std::vector<ApartFolder> apart_of(const Graph& graph, const Step& copy,
                                  const std::vector<ContextFolder>& folders) {
  ApartFolder unread{.line = copy.instruction->start_line, .path = {}, .runs = {}};
  bool may_change = false;
  for (const Step& step : graph.steps) {
    if (!sees(graph, step, copy)) continue;
    unread.runs.push_back(step.instruction->start_line);
    may_change = may_change || (step.stage == copy.stage && may_change_modes(*step.instruction));
  }
  const bool ships = graph.target && graph.starts_from(*graph.target, copy.stage);
  const Step& last_run = last_run_of(graph, copy);
  std::vector<ApartFolder> all;
  for (const ContextFolder& folder : folders) {
    if (folder.is_read) continue;
    if (!folder.readers.empty()) {
      if (auto apart = apart_until_read(graph, copy, folder)) all.push_back(std::move(*apart));
      continue;
    }
    const auto place = place_below(graph, copy, folder, last_run);
    if ((ships && (may_change || !place)) ||
        is_taken_with_others(graph, copy, text::join_path(copy.destination, folder.path)))
      continue;
    unread.path = folder.path;
    unread.place = ships ? *place : std::string();
    all.push_back(unread);
  }
  return all;
}

// Where a folder is copied: above its reader, and the comment of that, or below the last RUN of the stage.
text::Edit copy_of_folder(const dockerfile::File& file, std::span<const Instruction>::iterator copy,
                          const ApartFolder& folder) {
  const std::string_view line_end = file.source().find("\r\n") == std::string_view::npos ? "\n" : "\r\n";
  std::string flags;
  for (const dockerfile::Flag& flag : copy->flags) {
    if (flag.name != "exclude") flags += fmt::format(" {}", flag.span.of(file.source()));
  }
  const std::string text = fmt::format("COPY{} {} {}", flags, folder.path, folder.place);
  if (folder.reader != 0) {
    uint32_t line = folder.reader;
    const auto is_comment = [&](uint32_t number) {
      return std::ranges::find(file.comments(), number, &dockerfile::Comment::line) != file.comments().end();
    };
    while (line > 1 && is_comment(line - 1))
      --line;
    const uint32_t at = file.lines().line_span(line).begin;
    return {{at, at}, fmt::format("{}{}", text, line_end)};
  }
  const auto end = std::find_if(copy, file.instructions().end(), [](const Instruction& instruction) {
    return instruction.keyword == Keyword::kFrom;
  });
  auto run = std::prev(end);
  while (run->keyword != Keyword::kRun)
    --run;
  return {{run->span.end, run->span.end}, fmt::format("{}{}", line_end, text)};
}

}  // namespace

std::vector<ApartFolder> apart_folders(const dockerfile::File& file, const Graph& graph,
                                       const lint::BuildContext& context) {
  std::vector<const Step*> copies;
  for (const Step& step : graph.steps) {
    const bool is_seen = std::ranges::any_of(
        graph.steps, [&](const Step& run) { return run.stage == step.stage && sees(graph, run, step); });
    if (is_seen && can_leave_out(step)) copies.push_back(&step);
  }
  if (copies.empty() || graph.builder != plan::Builder::kBuildkit) return {};
  ReferenceSearch search(context);
  for (const Instruction& instruction : file.instructions()) {
    const bool is_copy =
        std::ranges::any_of(copies, [&](const Step* copy) { return copy->instruction == &instruction; });
    const Instruction* const run = instruction.keyword == Keyword::kRun ? &instruction : nullptr;
    if (!is_copy) search.look_in_instruction(instruction.joined, run);
    for (const dockerfile::Heredoc& heredoc : instruction.heredocs)
      search.look_in_instruction(heredoc.content, run);
  }
  if (!search.follow()) return {};
  std::vector<ApartFolder> all;
  for (const Step* copy : copies) {
    std::vector<ApartFolder> folders = apart_of(graph, *copy, search.folders());
    if (folders.size() > kMostFolders) folders.resize(kMostFolders);
    all.insert(all.end(), folders.begin(), folders.end());
  }
  return all;
}

std::string copied_apart(const dockerfile::File& file, const std::vector<ApartFolder>& folders) {
  std::vector<text::Edit> edits;
  for (const ApartFolder& folder : folders) {
    const auto copy = std::ranges::find(file.instructions(), folder.line, &Instruction::start_line);
    edits.push_back({{copy->name_span.end, copy->name_span.end}, fmt::format(" --exclude={}", folder.path)});
    if (!folder.place.empty()) edits.push_back(copy_of_folder(file, copy, folder));
  }
  return text::apply(file.source(), std::move(edits));
}

}  // namespace dcache::optimize
