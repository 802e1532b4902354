#include "dcache/cache/writes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dcache/shell/script.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using plan::Part;

// Commands that change nothing by themselves; where their output goes is seen from the redirections.
constexpr std::array<std::string_view, 31> kReading = {
    "echo", "printf", "true",     "false",   "cat",   "ls",       "exit", "sleep",     "set",     "test", "[",
    "date", "uname",  "id",       "whoami",  "pwd",   "hostname", "wc",   "head",      "tail",    "grep", ":",
    "cut",  "tr",     "basename", "dirname", "nproc", "md5sum",   "stat", "sha256sum", "printenv"};
// Commands that change what their arguments name.
constexpr std::array<std::string_view, 9> kWriting = {"mkdir", "touch", "rm",    "rmdir", "cp",
                                                      "mv",    "ln",    "chmod", "chown"};

template <size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether a program is the one that is known by its name: without a path, or where systems keep theirs.
bool is_usual_place(std::string_view program) {
  const size_t slash = program.rfind('/');
  if (slash == std::string_view::npos) return true;
  constexpr std::array<std::string_view, 6> kFolders = {"/bin",      "/usr/bin",       "/sbin",
                                                        "/usr/sbin", "/usr/local/bin", "/busybox"};
  return one_of(program.substr(0, slash), kFolders);
}

class WriteFinder {
 public:
  explicit WriteFinder(std::string workdir) : workdir_(std::move(workdir)) {}

  // False if a command may write anywhere.
  bool visit(std::string_view script) {
    const std::vector<shell::Command> commands = shell::split(script, texts_);
    return std::all_of(commands.begin(), commands.end(), [&](const shell::Command& command) {
      using shell::Connector;
      const bool outer = always_;
      always_ = outer && command.depth == 0 && !command.quoted && command.connector != Connector::kOr &&
                command.connector != Connector::kPipe;
      const bool known = visit(command);
      always_ = outer;
      return known;
    });
  }

  bool visit(const shell::Command& command) {
    if (!std::all_of(command.redirections.begin(), command.redirections.end(),
                     [&](const shell::Redirection& redirection) { return visit(redirection); })) {
      return false;
    }
    if (const auto inner = shell::inner_script(command.words)) return visit(*inner);
    const std::string_view program = command.program();
    if (!command.words.empty() && !is_usual_place(command.words[0].text)) return false;
    if (command.words.empty() || one_of(program, kReading)) return true;
    if (!one_of(program, kWriting)) return false;
    for (size_t i = 1; i < command.words.size(); ++i) {
      const shell::Word& word = command.words[i];
      if (word.literal && word.text.starts_with('-')) continue;
      if (!add(word)) return false;
      if (program == "ln") links_.push_back(paths_.back());
    }
    return true;
  }

  std::vector<std::string> take() { return std::move(paths_); }
  std::vector<std::string> take_created() { return std::move(created_); }
  std::vector<std::string> take_links() { return std::move(links_); }

 private:
  bool visit(const shell::Redirection& redirection) {
    const bool reads = redirection.op.find('>') == std::string_view::npos;
    const bool duplicates = redirection.op.ends_with('&');  // 2>&1
    const bool makes = redirection.op == ">" || redirection.op == "1>";
    if (always_ && makes && redirection.target.literal) created_.push_back(path_of(redirection.target));
    return reads || duplicates || add(redirection.target);
  }

  bool add(const shell::Word& word) {
    // Only the shell knows what `~` means.
    if (!word.literal || word.spelling.starts_with('~')) return false;
    paths_.push_back(path_of(word));
    return true;
  }

  std::string path_of(const shell::Word& word) const {
    return word.text.starts_with('/') ? text::clean_path(word.text) : text::join_path(workdir_, word.text);
  }

  text::Arena texts_;  // of words
  std::string workdir_;
  std::vector<std::string> paths_;
  std::vector<std::string> created_;
  std::vector<std::string> links_;
  bool always_ = true;  // what is looked at runs in any case
};

// A path with the links that most images have at their root followed. `path` has to outlive it.
class MergedPath {
 public:
  explicit MergedPath(std::string_view path) : path_(path) {
    for (const std::string_view linked : {"/bin", "/sbin", "/lib64", "/lib32", "/lib"}) {
      if (text::is_within(path, linked)) followed_ = "/usr" + std::string(path);
    }
    for (const auto& [linked, target] :
         {std::pair<std::string_view, std::string_view>{"/var/run", "/run"}, {"/var/lock", "/run/lock"}}) {
      if (text::is_within(path, linked))
        followed_ = std::string(target) + std::string(path.substr(linked.size()));
    }
  }

  // Most paths are what they were.
  std::string_view view() const { return followed_.empty() ? path_ : followed_; }

 private:
  std::string_view path_;
  std::string followed_;  // empty if no link is in the path
};

// The same from the root, as paths of Windows are not.
std::string merged_from_root(std::string_view path) {
  return path.starts_with('/') ? std::string(MergedPath(path).view()) : '/' + std::string(path);
}

// Whether a script says that a shell of the Bourne family runs it.
bool is_shell_script(std::string_view script) {
  const std::string_view first = script.substr(0, script.find_first_of("\r\n"));
  for (const std::string_view shebang :
       {"#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env sh", "#!/usr/bin/env bash"}) {
    if (first == shebang || first.starts_with(std::string(shebang) + ' ')) return true;
  }
  return false;
}

// Nothing if it may write anywhere.
std::optional<WriteFinder> find_writes(const plan::Step& run) {
  std::string workdir = "/";
  std::string_view script;  // of a heredoc with a shebang, which the shell is given the name of
  shell::Command command;
  for (const Part& part : run.definition) {
    if (part.kind == Part::Kind::kWorkdir) workdir = part.value;
    if (part.kind == Part::Kind::kHeredoc) {
      if (!is_shell_script(part.value)) return std::nullopt;
      script = part.value;
    }
    if (part.kind != Part::Kind::kShell && part.kind != Part::Kind::kArguments) continue;
    shell::Word word;
    word.text = part.value;
    command.words.push_back(std::move(word));
  }
  WriteFinder finder(workdir);
  if (!(script.empty() ? finder.visit(command) : finder.visit(script))) return std::nullopt;
  return finder;
}

}  // namespace

RunWrites writes_of(const plan::Step& run) {
  RunWrites written{.paths = std::nullopt, .created = {}, .links = {}, .stubs = run.mount_targets};
  if (auto finder = find_writes(run)) {
    written.paths = finder->take();
    written.created = finder->take_created();
    written.links = finder->take_links();
  }
  for (const std::string_view always : {"/etc/hosts", "/etc/resolv.conf", "/dev", "/proc", "/sys"})
    written.stubs.emplace_back(always);
  return written;
}

bool may_overlap(std::string_view a, std::string_view b) {
  const MergedPath real_a(a), real_b(b);
  return text::is_within(real_a.view(), real_b.view()) || text::is_within(real_b.view(), real_a.view());
}

void OverlappingPaths::add(std::string_view path) {
  ++counts_[merged_from_root(path)];
}

template <typename Take>
void OverlappingPaths::visit(std::string_view path, const Take& take) const {
  const std::string real = merged_from_root(path);
  // The path itself, and the folders that it is in.
  for (std::string_view place = real;; place = text::parent_path(place)) {
    const auto found = counts_.find(place);
    if (found != counts_.end() && !take(found->second)) return;
    if (place.size() <= 1) break;
  }
  const std::string prefix = real == "/" ? real : real + '/';
  for (auto below = counts_.upper_bound(prefix); below != counts_.end() && below->first.starts_with(prefix);
       ++below) {
    if (!take(below->second)) return;
  }
}

size_t OverlappingPaths::count(std::string_view path) const {
  size_t count = 0;
  visit(path, [&](size_t one) {
    count += one;
    return true;
  });
  return count;
}

bool OverlappingPaths::contains(std::string_view path) const {
  bool found = false;
  visit(path, [&](size_t) {
    found = true;
    return false;
  });
  return found;
}

bool may_match(std::string_view pattern, std::string_view path) {
  if (!text::has_wildcard(pattern)) return may_overlap(pattern, path);
  // As far as both go, each part has to match.
  const MergedPath real_pattern(pattern), real_path(path);
  std::string_view patterns = real_pattern.view(), parts = real_path.view();
  const auto take = [](std::string_view& rest) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    return part;
  };
  while (!patterns.empty() && !parts.empty()) {
    if (!text::glob_match(take(patterns), take(parts))) return false;
  }
  return true;
}

}  // namespace dcache::cache
