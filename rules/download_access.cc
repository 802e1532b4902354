#include "rules/download_access.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/cache_needs.h"

namespace dcache::rules {
namespace {

using lint::Run;
using plan::Step;

bool has_any(std::string_view text, std::span<const std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

bool starts_with_any(std::string_view text, std::span<const std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return text.starts_with(start); });
}

// Files of a project that say where packages come from, and as whom.
constexpr std::string_view kProjectSettings[] = {
    ".npmrc",       ".yarnrc",      ".yarnrc.yml",        "bunfig.toml", "nuget.config",
    "NuGet.config", "NuGet.Config", "gradle.properties",  ".mvn",        ".cargo",
    "uv.toml",      "poetry.toml",  "pip.conf",           "auth.json",   ".bundle/config",
    ".netrc",       ".pypirc",      "pnpm-workspace.yaml"};

// Files of the system and of a home that do, beside those that each package manager has.
constexpr std::string_view kSystemSettings[] = {"~/.netrc",
                                                "~/.ssh",
                                                "~/.gitconfig",
                                                "~/.git-credentials",
                                                "~/.config/git",
                                                "/etc/gitconfig",
                                                "/etc/ssh/ssh_config",
                                                "/etc/ssl/certs",
                                                "/usr/local/share/ca-certificates"};

// Whether a file of that name may say where packages come from, or as whom.
bool may_be_settings(std::string_view name) {
  constexpr std::string_view kParts[] = {
      "config", ".conf",   "settings", "credential", "secret",      "token",   "auth",
      "pass",   "netrc",   "npmrc",    "ssh",        "id_rsa",      "id_ed",   "key",
      "cert",   ".pem",    ".crt",     ".gradle",    "properties",  "pom.xml", "build.sbt",
      "go.mod", "go.work", "cargo",    "toml",       "package.json"};
  return name.starts_with('.') || has_any(text::to_lower(name), kParts);
}

// Folders in which nobody looks for settings.
bool is_plain_folder(std::string_view path) {
  constexpr std::string_view kFolders[] = {"/var/lib/apt",     "/var/cache",     "/var/log",
                                           "/usr/share/doc",   "/usr/share/man", "/usr/share/info",
                                           "/usr/share/locale"};
  return std::ranges::any_of(kFolders,
                             [&](std::string_view folder) { return text::is_within(path, folder); });
}

bool is_temporary(std::string_view path) {
  return text::is_within(path, "/tmp") || text::is_within(path, "/var/tmp");
}

// What a command does with the files that its words name.
enum class Work : uint8_t { kReads, kWrites, kRemoves };

Work work_of(std::span<const shell::Word> words) {
  constexpr std::string_view kReading[] = {".",         "[",         ":",
                                           "addgroup",  "adduser",   "arch",
                                           "basename",  "cat",       "cd",
                                           "command",   "cut",       "date",
                                           "diff",      "dirname",   "du",
                                           "echo",      "exit",      "export",
                                           "false",     "file",      "getent",
                                           "grep",      "groupadd",  "head",
                                           "id",        "ldconfig",  "ldd",
                                           "ls",        "md5sum",    "mkdir",
                                           "mktemp",    "nproc",     "printf",
                                           "pwd",       "readlink",  "set",
                                           "sha256sum", "sha512sum", "sleep",
                                           "sort",      "stat",      "strip",
                                           "tail",      "test",      "tr",
                                           "true",      "type",      "umask",
                                           "uname",     "uniq",      "update-ca-certificates",
                                           "useradd",   "wc",        "which"};
  constexpr std::string_view kRemoving[] = {"rm", "mv", "shred", "truncate", "unlink"};
  const std::string_view program = shell::program_of(words);
  if (text::is_one_of(program, kRemoving)) return Work::kRemoves;
  if (program == "find") {
    constexpr std::string_view kActing[] = {"-delete", "-exec", "-execdir", "-ok", "-okdir"};
    const bool acts = std::ranges::any_of(
        words, [&](const shell::Word& word) { return text::is_one_of(word.text, kActing); });
    return acts ? Work::kRemoves : Work::kReads;
  }
  return text::is_one_of(program, kReading) ? Work::kReads : Work::kWrites;
}

// Whether it takes packages or settings away by their names, or gives other ones.
bool changes_access(std::span<const shell::Word> words) {
  constexpr std::string_view kSystem[] = {"apk",      "apt", "apt-get", "dnf",    "dnf5",  "dpkg",
                                          "microdnf", "rpm", "yum",     "zypper", "pacman"};
  constexpr std::string_view kRemoving[] = {"remove", "purge", "autoremove",  "del",     "erase",
                                            "rm",     "-r",    "-P",          "-e",      "-R",
                                            "-Rs",    "-Rns",  "auto-remove", "--purge", "--remove"};
  constexpr std::string_view kGit[] = {"config", "credential", "checkout", "reset",
                                       "clean",  "restore",    "stash",    "credential-store"};
  constexpr std::string_view kSettings[] = {"config", "set",     "nuget",   "login",     "logout",
                                            "source", "sources", "adduser", "uninstall", "registry"};
  constexpr std::string_view kSsh[] = {"ssh-add", "ssh-agent", "ssh-keygen", "git-credential-store",
                                       "unset",   "trap",      "eval"};
  const std::string_view program = shell::program_of(words);
  const auto has_word_of = [&](std::span<const std::string_view> wanted) {
    return std::ranges::any_of(words.subspan(1),
                               [&](const shell::Word& word) { return text::is_one_of(word.text, wanted); });
  };
  if (text::is_one_of(program, kSystem)) return has_word_of(kRemoving);
  if (text::is_one_of(program, kSsh)) return true;
  if (program == "git") return has_word_of(kGit);
  constexpr std::string_view kGo[] = {"-w", "-u"};
  const bool manages = std::ranges::any_of(package_managers(), [&](const PackageManager& manager) {
    return std::ranges::any_of(manager.programs, [&](Words name) { return name.front() == program; });
  });
  if (!manages) return false;
  return has_word_of(kSettings) || (program == "go" && has_word_of(kGo));
}

// Whether a variable says where packages come from, as whom, or how they are downloaded.
bool may_give_access(std::string_view name) {
  constexpr std::string_view kHarmless[] = {"GOOS",    "GOARCH",     "GOARM", "GOAMD64",
                                            "GOARM64", "GOMAXPROCS", "GOGC"};
  constexpr std::string_view kHarmlessStarts[] = {"CARGO_TERM_",       "CARGO_BUILD_",     "CARGO_PROFILE_",
                                                  "CARGO_INCREMENTAL", "PIP_NO_CACHE",     "PIP_DISABLE",
                                                  "NPM_CONFIG_UPDATE", "npm_config_update"};
  if (text::is_one_of(name, kHarmless) || starts_with_any(name, kHarmlessStarts)) return false;
  constexpr std::string_view kStarts[] = {
      "go",         "git_",         "cargo_",  "nuget",   "vss_",     "maven_", "mvn_",  "m2_",
      "gradle_",    "java_t",       "_java",   "java_o",  "pip_",     "uv_",    "npm_",  "yarn_",
      "pnpm_",      "bun_",         "poetry_", "bundle_", "composer", "hex_",   "curl_", "requests_",
      "node_extra", "node_options", "xdg_",    "sbt_",    "coursier"};
  constexpr std::string_view kParts[] = {"proxy",    "token",  "auth",  "private", "_pat",     "pass",
                                         "cred",     "secret", "netrc", "sumdb",   "url",      "key",
                                         "registry", "index",  "feed",  "config",  "settings", "ssl",
                                         "cert",     "ssh",    "user"};
  const std::string lower = text::to_lower(name);
  return lower == "home" || starts_with_any(lower, kStarts) || has_any(lower, kParts);
}

// Whether settings of the package manager can contain variables of any name.
bool reads_any_variable(const PackageManager& manager) {
  return manager.name != "go" && manager.name != "cargo";
}

// Variables that nobody gives credentials in.
bool is_about_the_build(std::string_view name) {
  constexpr std::string_view kNames[] = {"CGO_ENABLED", "DEBIAN_FRONTEND", "NODE_ENV", "PATH", "LANG",
                                         "TZ",          "VERSION"};
  constexpr std::string_view kStarts[] = {"TARGET",       "BUILDPLATFORM", "BUILDOS", "BUILDARCH",
                                          "BUILDVARIANT", "LC_",           "PYTHON",  "CARGO_TERM",
                                          "GOOS",         "GOARCH"};
  return text::is_one_of(name, kNames) || starts_with_any(name, kStarts);
}

// An option or an address that says where packages come from.
bool says_where(std::string_view word) {
  constexpr std::string_view kParts[] = {
      "registry", "index", "source", "proxy",  "repo",     "token",       "auth", "pass", "cred",
      "secret",   "netrc", "key",    "config", "settings", "init-script", "feed", "user", "find-links"};
  if (word.find("://") != std::string_view::npos) return true;
  return word.starts_with('-') && !word.starts_with("--configuration") &&
         has_any(text::to_lower(word), kParts);
}

// A file that a COPY puts somewhere, and the path in the context that it has there.
struct CopiedFile {
  std::string place;
  std::string source;
};

// What a step does to what lets a package manager download, in the order of a stage.
class Access {
 public:
  Access(lint::Dockerfile& dockerfile, const PackageManager& manager)
      : dockerfile_(dockerfile), graph_(dockerfile.graph()), manager_(manager) {
    for (const dockerfile::Instruction& one : dockerfile.file().instructions()) {
      if (one.keyword == dockerfile::Keyword::kArg) arguments_.push_back(&one);
    }
    for (const Run& run : dockerfile.runs()) {
      const auto is_ours = [&](const Use& use) { return use.manager == &manager; };
      if (run.step && std::ranges::any_of(uses_of(dockerfile, run), is_ours)) users_.push_back(&run);
    }
  }

  // The RUNs that use the package manager.
  const std::vector<const Run*>& users() const { return users_; }

  // Whether the later RUN may not be able to download what `run` does.
  bool is_lost(const Run& run, const Run& later) {
    look_at_all();
    const Step& first = graph_.steps[*run.step];
    const Step& last = graph_.steps[*later.step];
    return changes_after_use(run) || changes_before_use(later) || gives_more(run, later) ||
           has_other_user(first, last) || has_other_variables(first, last) ||
           has_other_arguments(first, last) || is_changed_between(first, last);
  }

 private:
  size_t number_of(const Step& step) const { return static_cast<size_t>(&step - graph_.steps.data()); }

  // Most files have no two RUNs that need it.
  void look_at_all() {
    if (!copied_.empty()) return;
    changes_.resize(graph_.steps.size());
    edits_project_.resize(graph_.steps.size());
    copied_.resize(graph_.steps.size());
    for (size_t i = 0; i < graph_.steps.size(); ++i)
      look_at(i);
  }

  void look_at(size_t index) {
    const Step& step = graph_.steps[index];
    if (step.kind == Step::Kind::kCopy) {
      changes_[index] = puts_settings(step);
      note_copied(index);
    }
    if (step.kind != Step::Kind::kRun) return;
    const Run& run = dockerfile_.run_of(index);
    changes_[index] = std::ranges::any_of(
        run.commands, [&](const shell::Command& command) { return changes(command, step); });
    edits_project_[index] = std::ranges::any_of(
        run.commands, [&](const shell::Command& command) { return edits_project(command, step); });
  }

  // Whether a COPY puts something where settings are outside of the project.
  bool puts_settings(const Step& step) const {
    const auto puts = [&](std::string_view place) {
      const auto path = path_in(place, step);
      return path && may_put_files(dockerfile_, step, *path);
    };
    return std::ranges::any_of(kSystemSettings, puts) || std::ranges::any_of(manager_.settings, puts);
  }

  // The settings of the project that a COPY brings.
  void note_copied(size_t index) {
    const Step& step = graph_.steps[index];
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      for (const plan::Selector& selector : read.selectors)
        note_copied(index, step, selector);
    }
  }

  void note_copied(size_t index, const Step& step, const plan::Selector& selector) {
    std::vector<CopiedFile>& files = copied_[index];
    const std::string_view name = text::base_name(selector.path);
    const std::string_view end = text::base_name(step.destination);
    const auto is_settings = [&](std::string_view one) {
      return text::is_one_of(one, kProjectSettings) || text::is_one_of(one, manager_.manifests);
    };
    if (!selector.wildcard && is_settings(end)) {
      files.push_back({step.destination, selector.path});
    } else if (!selector.wildcard && is_settings(name)) {
      files.push_back({text::join_path(step.destination, name), selector.path});
    }
    const lint::BuildContext* context = dockerfile_.build_context();
    if (context == nullptr) return;
    std::string_view folder = selector.path == "/*" ? std::string_view("/") : std::string_view(selector.path);
    if (selector.wildcard && folder != "/") return;
    if (folder.starts_with('/')) folder.remove_prefix(1);
    for (const std::string_view one : kProjectSettings) {
      const std::string path = text::join_path(folder, one);
      const std::string inside = path.starts_with('/') ? path.substr(1) : path;
      if (context->files.find(inside) != nullptr || !context->files.below(inside).empty())
        files.push_back({text::join_path(step.destination, one), '/' + inside});
    }
  }

  // Whether a word may name something that says where packages come from, or as whom.
  bool may_name_settings(std::string_view word, const Step& step, Work work) const {
    if (word.empty() || word == "/dev/null" || word.starts_with("/dev/std") || word.starts_with('&'))
      return false;
    const auto path = path_in(word, step);
    if (!path && word.find_first_of("$`") != std::string_view::npos) return work == Work::kRemoves;
    if (!path) return may_name_in_project(word);
    if (text::is_within(*path, step.workdir()) && step.workdir() != "/" && *path != step.workdir())
      return may_name_in_project(std::string_view(*path).substr(step.workdir().size() + 1));
    if (is_plain_folder(*path)) return false;
    if (is_temporary(*path)) return has_secrets();
    if (work == Work::kRemoves) return true;
    const auto home = path_in("~", step);
    constexpr std::string_view kPlaces[] = {"/root", "/home", "/etc", "/run/secrets"};
    return std::ranges::any_of(kPlaces,
                               [&](std::string_view place) {
                                 return text::is_within(*path, place) || text::is_within(place, *path);
                               }) ||
           (home && text::is_within(*path, *home)) || is_own_setting(*path, step) ||
           may_be_settings(text::base_name(*path));
  }

  static bool may_name_in_project(std::string_view word) {
    while (word.starts_with("./"))
      word.remove_prefix(2);
    const std::string_view first = word.substr(0, word.find('/'));
    return word.empty() || first.starts_with("..") || word == "." || word == "*" ||
           may_be_settings(text::base_name(word)) || may_be_settings(first);
  }

  bool is_own_setting(std::string_view path, const Step& step) const {
    return std::ranges::any_of(manager_.settings, [&](std::string_view setting) {
      const auto place = path_in(setting, step);
      return place && (text::is_within(path, *place) || text::is_within(*place, path));
    });
  }

  // Whether the file speaks of credentials at all, which may be in a temporary folder.
  bool has_secrets() const {
    struct Secrets {
      bool any;
    };
    return dockerfile_
        .shared<Secrets>([&] {
          constexpr std::string_view kParts[] = {"id_rsa",     "id_ed25519", "netrc",        "ssh",
                                                 "credential", "insteadof",  "askpass",      "token",
                                                 "secret",     "password",   "settings.xml", "nuget.config",
                                                 ".pem",       ".crt",       "gitconfig"};
          return Secrets{has_any(text::to_lower(dockerfile_.file().source()), kParts)};
        })
        .any;
  }

  // Whether a command may change what lets a package manager download.
  bool changes(const shell::Command& command, const Step& step) const {
    const auto into_settings = [&](const shell::Redirection& redirection) {
      return redirection.op.find('>') != std::string_view::npos &&
             may_name_settings(redirection.target.text, step, Work::kWrites);
    };
    if (std::ranges::any_of(command.redirections, into_settings)) return true;
    const auto words = shell::invocation(command);
    if (words.empty()) return false;
    if (changes_access(words) || may_run_anything(words)) return true;
    const Work work = work_of(words);
    if (work == Work::kReads || uses_packages(command)) return false;
    return std::ranges::any_of(words.subspan(1), [&](const shell::Word& word) {
      return !word.text.starts_with('-') && may_name_settings(word.text, step, work);
    });
  }

  // Scripts and build tools.
  static bool may_run_anything(std::span<const shell::Word> words) {
    constexpr std::string_view kNames[] = {"make", "bash", "sh", "task", "just", "mage", ".", "source"};
    if (shell::inner_script(words)) return false;
    const std::string_view first = words.front().text;
    return text::is_one_of(shell::program_of(words), kNames) || first.starts_with("./") ||
           first.ends_with(".sh");
  }

  static bool uses_packages(const shell::Command& command) {
    return std::ranges::any_of(package_managers(),
                               [&](const PackageManager& manager) { return calls(manager, command); });
  }

  // Whether a command may write a setting of the project, which a later COPY replaces.
  bool edits_project(const shell::Command& command, const Step& step) const {
    const auto is_in_project = [&](std::string_view word) {
      if (word.starts_with('-')) return false;
      const auto path = path_in(word, step);
      if (!path) return may_name_in_project(word);
      return text::is_within(*path, step.workdir()) && may_be_settings(text::base_name(*path));
    };
    if (std::ranges::any_of(command.redirections, [&](const shell::Redirection& redirection) {
          return redirection.op.find('>') != std::string_view::npos && is_in_project(redirection.target.text);
        }))
      return true;
    const auto words = shell::invocation(command);
    if (words.empty()) return false;
    if (may_run_anything(words) || (uses_packages(command) && changes_access(words))) return true;
    if (work_of(words) == Work::kReads || uses_packages(command)) return false;
    return std::ranges::any_of(words.subspan(1),
                               [&](const shell::Word& word) { return is_in_project(word.text); });
  }

  bool uses(const Run& run, const shell::Command& command) const {
    const Use* use = use_by(dockerfile_, run, command);
    return use != nullptr && use->manager == &manager_;
  }

  // Whether something changes in the RUN after it has downloaded.
  bool changes_after_use(const Run& run) const {
    const Step& step = graph_.steps[*run.step];
    bool used = false;
    return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
      const bool was_used = std::exchange(used, used || uses(run, command));
      return was_used && changes(command, step);
    });
  }

  bool changes_before_use(const Run& later) const {
    const Step& step = graph_.steps[*later.step];
    for (const shell::Command& command : later.commands) {
      if (uses(later, command)) return false;
      if (changes(command, step)) return true;
    }
    return false;
  }

  // The words of the commands of a RUN that use the package manager, and those that set variables there.
  struct Given {
    std::set<std::string_view> options;
    std::set<std::string_view> variables;
  };
  Given given_by(const Run& run) const {
    Given given;
    for (const shell::Command& command : run.commands) {
      const bool used = uses(run, command);
      for (const shell::Word& word : command.words) {
        const size_t equals = word.text.find('=');
        if (used && says_where(word.text)) given.options.insert(word.text);
        if ((command.program() == "export" || (used && !word.text.starts_with('-'))) &&
            equals != std::string_view::npos)
          given.variables.insert(word.text);
      }
      if (!used && !command.words.empty()) continue;
      for (const shell::Word& word : command.assignments)
        given.variables.insert(word.text);
    }
    return given;
  }

  // Whether one of the two RUNs gives the package manager something that the other does not.
  bool gives_more(const Run& run, const Run& later) const {
    const Given first = given_by(run), second = given_by(later);
    const auto lacks = [](const std::set<std::string_view>& all, std::string_view one) {
      return !all.contains(one);
    };
    const auto name_of = [](std::string_view word) { return word.substr(0, word.find('=')); };
    if (std::ranges::any_of(first.options, [&](auto word) { return lacks(second.options, word); }))
      return true;
    if (std::ranges::any_of(first.variables, [&](auto word) {
          return lacks(second.variables, word) && counts(name_of(word));
        }))
      return true;
    if (std::ranges::any_of(second.variables, [&](auto word) {
          return lacks(first.variables, word) && may_give_access(name_of(word));
        }))
      return true;
    return std::ranges::any_of(run.mounts, [&](const dockerfile::Mount& mount) {
      return brings_access(mount) && std::ranges::none_of(later.mounts, [&](const dockerfile::Mount& other) {
               return other.type == mount.type && other.id == mount.id && other.source == mount.source &&
                      other.from == mount.from && other.target == mount.target && other.env == mount.env;
             });
    });
  }

  static bool brings_access(const dockerfile::Mount& mount) {
    using Type = dockerfile::Mount::Type;
    if (mount.type == Type::kSecret || mount.type == Type::kSsh) return true;
    const std::string_view name = text::base_name(mount.target);
    return mount.type == Type::kBind &&
           (text::is_one_of(name, kProjectSettings) || mount.target.starts_with('~') ||
            text::is_within(mount.target, "/root") || text::is_within(mount.target, "/etc"));
  }

  // Whether the package manager may be lost without a variable that it had.
  bool counts(std::string_view name) const {
    if (is_about_the_build(name)) return false;
    return reads_any_variable(manager_) || may_give_access(name);
  }

  static bool has_other_user(const Step& first, const Step& last) {
    const plan::Part* const one = first.find(plan::Part::Kind::kUser);
    const plan::Part* const other = last.find(plan::Part::Kind::kUser);
    const std::string_view before = one == nullptr ? std::string_view("root") : one->value;
    const std::string_view after = other == nullptr ? std::string_view("root") : other->value;
    return read_owner(before).user != read_owner(after).user;
  }

  bool has_other_variables(const Step& first, const Step& last) const {
    if (!first.environment || !last.environment) return false;
    for (const plan::Variable* variable : first.environment->variables()) {
      const auto now = last.environment->get(variable->name);
      if (now != variable->value && counts(variable->name)) return true;
    }
    return std::ranges::any_of(last.environment->variables(), [&](const plan::Variable* variable) {
      return may_give_access(variable->name) && !first.environment->get(variable->name);
    });
  }

  // The names of the arguments that the stage of a step declares before it, with a value or without.
  std::set<std::string_view> declared_before(const Step& step) const {
    std::set<std::string_view> names;
    const dockerfile::Instruction* const from = graph_.stages[step.stage].from;
    for (const dockerfile::Instruction* one : arguments_) {
      if (from == nullptr || one->start_line < from->start_line) continue;
      if (one->start_line > step.instruction->start_line) break;
      for (const dockerfile::Word& word : one->arguments)
        names.insert(word.text.substr(0, word.text.find('=')));
    }
    return names;
  }

  // The same as has_other_variables() for what only a build gives a value.
  bool has_other_arguments(const Step& first, const Step& last) const {
    const auto before = declared_before(first), after = declared_before(last);
    return std::ranges::any_of(
               before, [&](std::string_view name) { return !after.contains(name) && counts(name); }) ||
           std::ranges::any_of(
               after, [&](std::string_view name) { return !before.contains(name) && may_give_access(name); });
  }

  // Whether a step between the two changes something.
  bool is_changed_between(const Step& first, const Step& last) const {
    std::vector<size_t> before = steps_up_to(number_of(first));
    const bool edited =
        std::ranges::any_of(before, [&](size_t step) { return static_cast<bool>(edits_project_[step]); });
    std::erase_if(before, [&](size_t step) { return copied_[step].empty(); });
    for (auto at = last.below; at && *at != number_of(first); at = graph_.steps[*at].below) {
      const Step& step = graph_.steps[*at];
      if (changes_[*at]) return true;
      if (step.kind != Step::Kind::kCopy) continue;
      if (edited && (text::is_within(first.workdir(), step.destination) ||
                     text::is_within(step.destination, first.workdir())))
        return true;
      const bool brings_other = std::ranges::any_of(copied_[*at], [&](const CopiedFile& file) {
        // Settings are looked for in the folder of the project and those around it.
        const std::string_view folder = text::parent_path(file.place);
        return (text::is_within(first.workdir(), folder) || text::is_within(last.workdir(), folder)) &&
               is_other(file, before);
      });
      if (brings_other) return true;
      if (std::ranges::any_of(before, [&](size_t earlier) { return replaces(step, copied_[earlier]); }))
        return true;
    }
    return false;
  }

  std::vector<size_t> steps_up_to(size_t step) const {
    std::vector<size_t> steps;
    for (std::optional<size_t> at = step; at; at = graph_.steps[*at].below)
      steps.push_back(*at);
    return steps;
  }

  // Whether the steps put another file at the place of the one that is copied, or none.
  bool is_other(const CopiedFile& file, const std::vector<size_t>& before) const {
    for (const size_t step : before) {
      for (const CopiedFile& earlier : copied_[step]) {
        if (earlier.place == file.place) return earlier.source != file.source;
      }
    }
    return text::is_one_of(text::base_name(file.place), kProjectSettings);
  }

  // Whether a COPY of folders may put another file at the place of one of those. What is in the context
  // decides; without it a file that had another name there is assumed to be replaced.
  bool replaces(const Step& copy, const std::vector<CopiedFile>& files) const {
    const lint::BuildContext* context = dockerfile_.build_context();
    return std::ranges::any_of(files, [&](const CopiedFile& file) {
      if (!text::is_within(file.place, copy.destination) || file.place == copy.destination) return false;
      const std::string_view below =
          std::string_view(file.place).substr(copy.destination == "/" ? 0 : copy.destination.size());
      return std::ranges::any_of(copy.reads, [&](const plan::Read& read) {
        if (read.origin != plan::Read::Origin::kContext) return false;
        return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
          if (selector.wildcard && selector.path != "/*") return false;
          const std::string folder = selector.path == "/*" ? "/" : selector.path;
          const std::string path = text::clean_path(folder + std::string(below));
          if (path == file.source) return false;
          return context == nullptr || context->files.find(path.substr(1)) != nullptr;
        });
      });
    });
  }

  lint::Dockerfile& dockerfile_;
  const plan::Graph& graph_;
  const PackageManager& manager_;
  std::vector<bool> changes_;                    // of each step: settings, credentials or what reads them
  std::vector<bool> edits_project_;              // of each step
  std::vector<std::vector<CopiedFile>> copied_;  // of each step: settings of the project
  std::vector<const dockerfile::Instruction*> arguments_;  // all ARGs
  std::vector<const Run*> users_;
};

// Of each package manager.
struct AllAccess {
  std::map<const PackageManager*, Access> known;
};

bool shares_cache(const Use& use, std::span<const std::string_view> caches) {
  return std::ranges::any_of(use.action->caches,
                             [&](std::string_view cache) { return text::is_one_of(cache, caches); });
}

}  // namespace

std::string without_access(lint::Dockerfile& dockerfile, const Run& run, const PackageManager& manager,
                           std::span<const std::string_view> caches) {
  const plan::Graph& graph = dockerfile.graph();
  // Whether the RUN downloads, and leaves that in its layer.
  const auto fills = [&](const Run& other, bool is_earlier) {
    return std::ranges::any_of(uses_of(dockerfile, other), [&](const Use& use) {
      return use.manager == &manager && shares_cache(use, caches) &&
             !(is_earlier && is_any_mounted(dockerfile, other, manager, use.command));
    });
  };
  const auto follows = [&](const Run& one, const Run& other) {
    return *one.step < *other.step &&
           graph.starts_from(graph.steps[*other.step].stage, graph.steps[*one.step].stage);
  };
  auto& known = dockerfile.memory<AllAccess>().known;
  auto access = known.find(&manager);
  if (access == known.end()) access = known.try_emplace(&manager, dockerfile, manager).first;
  const std::vector<const Run*>& users = access->second.users();
  // Each pair takes a look at all steps between the two.
  constexpr size_t kMostUsers = 50;
  for (const Run* other : users) {
    const bool is_earlier = follows(*other, run);
    if ((!is_earlier && !follows(run, *other)) || !fills(*other, is_earlier)) continue;
    const Run& later = is_earlier ? run : *other;
    if (users.size() > kMostUsers || access->second.is_lost(is_earlier ? *other : run, later))
      return fmt::format("line {}", later.instruction->start_line);
  }
  return {};
}

}  // namespace dcache::rules
