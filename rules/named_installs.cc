#include "rules/named_installs.h"

#include <algorithm>

#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::rules {
namespace {

using shell::Command;
using shell::Word;

bool is_system(const PackageManager& manager) {
  constexpr std::string_view kNames[] = {"apt", "apk", "dnf", "yum", "zypper", "pacman"};
  return text::is_one_of(manager.name, kNames);
}

// Whether a word means something that is worked out from files, or a file itself.
bool may_name_file(std::string_view word) {
  constexpr std::string_view kEndings[] = {".deb", ".rpm", ".apk", ".whl", ".gz", ".tgz", ".zip", ".txt"};
  return word.starts_with('.') || word.starts_with('/') || word.find("$(") != std::string_view::npos ||
         word.find('`') != std::string_view::npos || word.find("file:") != std::string_view::npos ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return word.ends_with(ending); });
}

bool reads_input(const Command& command) {
  return command.connector == shell::Connector::kPipe ||
         std::ranges::any_of(command.redirections, [](const shell::Redirection& redirection) {
           return redirection.op.find('<') != std::string_view::npos;
         });
}

// Whether a word is a path in a folder, or relative to the folder that the RUN works in.
bool is_inside(std::string_view word, std::string_view folder) {
  if (word.starts_with('/')) return folder == "/" || text::is_within(text::clean_path(word), folder);
  return word.starts_with("./") || word.starts_with("../");
}

// Whether a command reads none of the files of a project: it only prepares an install, or tidies up after it.
bool is_preparation(const Command& command, const plan::Step& copy) {
  constexpr std::string_view kPrograms[] = {"apt-get", "apt",      "apk",
                                            "dnf",     "microdnf", "yum",
                                            "zypper",  "pacman",   "set",
                                            "true",    "echo",     "printf",
                                            "mkdir",   "export",   "rm",
                                            "ln",      "curl",     "wget",
                                            "gpg",     "tee",      "sed",
                                            "dpkg",    "install",  "add-apt-repository",
                                            "chmod",   "sleep",    "update-ca-certificates",
                                            "useradd", "adduser",  "groupadd",
                                            "addgroup"};
  const auto words = shell::invocation(command);
  if (words.empty()) return true;
  if (!text::is_one_of(shell::program_of(words), kPrograms) || command.depth > 0) return false;
  if (command.connector == shell::Connector::kPipe && shell::program_of(words) != "gpg" &&
      shell::program_of(words) != "tee")
    return false;
  const auto reads_project = [&](const Word& word) {
    return (copy.destination != "/" && is_inside(word.text, copy.destination)) ||
           word.text.find("$(cat") != std::string_view::npos;
  };
  return std::ranges::none_of(words, reads_project);
}

bool is_within_any(std::string_view destination, std::span<const std::string_view> folders) {
  return std::ranges::any_of(folders,
                             [&](std::string_view folder) { return text::is_within(destination, folder); });
}

}  // namespace

bool names_all_it_installs(const Use& use) {
  const std::string_view name = use.manager->name;
  const auto has_any = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words,
                               [&](std::string_view word) { return shell::has_word(use.arguments, word); });
  };
  if (use.installs_dependencies || !use.files.empty() || reads_input(*use.command)) return false;
  if (std::ranges::any_of(use.arguments, [](const Word& word) { return may_name_file(word.text); }))
    return false;
  if (is_system(*use.manager)) return true;
  const bool names = std::ranges::any_of(use.arguments, [](const Word& word) {
    return !word.text.starts_with('-') && word.text.find('$') == std::string_view::npos;
  });
  if (!names) return false;
  if (name == "pip") return !has_any({"-e", "--editable"});
  if (name == "npm" || name == "pnpm") return has_any({"-g", "--global"});
  if (name == "yarn") return use.action->words.front() == "global";
  if (name == "cargo") return use.action->words.front() == "install" && !has_any({"--path", "--git"});
  if (name == "go") {
    return use.action->words.front() == "install" && std::ranges::any_of(use.arguments, [](const Word& word) {
             return word.text.find('@') != std::string_view::npos;
           });
  }
  return false;
}

std::optional<NamedInstall> find_named_install(lint::Dockerfile& dockerfile, const lint::Run& run,
                                               const plan::Step& copy) {
  const std::span<const Use> uses = uses_of(dockerfile, run);
  const auto named = std::ranges::find_if(uses, [](const Use& use) {
    return use.command->depth == 0 && !use.command->quoted && names_all_it_installs(use);
  });
  if (named == uses.end()) return std::nullopt;
  const auto all_prepare = [&](const Command* from, const Command* to) {
    return std::all_of(from, to, [&](const Command& command) {
      const Use* use = use_by(dockerfile, run, command);
      return is_preparation(command, copy) || (use != nullptr && names_all_it_installs(*use));
    });
  };
  const Command* const first = run.commands.data();
  if (!all_prepare(first, named->command)) return std::nullopt;
  return NamedInstall{&*named, is_system(*named->manager), all_prepare(first, first + run.commands.size())};
}

bool may_prepare_installs(const lint::Run& run, const plan::Step& copy) {
  constexpr std::string_view kRunners[] = {
      "sh", "bash", "make",    "python",  "python3",  "source", ".", "ansible-playbook",
      "cp", "mv",   "install", "apt-key", "apt-cdrom"};
  return std::ranges::any_of(run.commands, [&](const Command& command) {
    const auto words = shell::invocation(command);
    if (words.empty()) return false;
    return text::is_one_of(shell::program_of(words), kRunners) ||
           (copy.destination != "/" ? is_inside(words.front().text, copy.destination)
                                    : words.front().text.find('/') != std::string_view::npos);
  });
}

bool is_projects_own(std::string_view destination) {
  constexpr std::string_view kSystem[] = {"/bin",   "/boot",  "/dev", "/etc", "/home", "/lib",  "/lib32",
                                          "/lib64", "/media", "/mnt", "/opt", "/proc", "/root", "/run",
                                          "/sbin",  "/srv",   "/sys", "/tmp", "/usr",  "/var"};
  if (destination == "/") return false;
  return text::is_within(destination, "/usr/src") || !is_within_any(destination, kSystem);
}

bool may_configure_system(std::string_view destination) {
  constexpr std::string_view kFolders[] = {
      "/etc",           "/usr/share", "/usr/lib",   "/usr/bin", "/usr/sbin",       "/bin", "/sbin", "/lib",
      "/usr/local/bin", "/var/lib",   "/var/cache", "/tmp",     "/usr/local/share"};
  return destination == "/usr" || destination == "/usr/local" || destination == "/var" ||
         is_within_any(destination, kFolders);
}

}  // namespace dcache::rules
