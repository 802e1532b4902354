#include "rules/moving_results.h"

#include <algorithm>
#include <initializer_list>

#include "dcache/text/words.h"
#include "rules/known_facts.h"
#include "rules/package_lists.h"

namespace dcache::rules {
namespace {

// A clone that takes what the branch is at.
bool clones_branch(std::span<const shell::Word> words) {
  if (shell::program_of(words) != "git" || !shell::has_word(words, "clone")) return false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i].text;
    std::string_view branch;
    if ((word == "-b" || word == "--branch") && i + 1 < words.size()) branch = words[i + 1].text;
    if (word.starts_with("--branch=")) branch = word.substr(word.find('=') + 1);
    const bool fixed = branch.find_first_of("0123456789$") != std::string_view::npos;
    if (fixed) return false;
  }
  return true;
}

// A key to check signatures with has no versions.
bool is_key(std::string_view url) {
  constexpr std::string_view kEndings[] = {".asc", ".gpg", ".key", ".pem", ".pub"};
  url = url.substr(0, url.find_first_of("?#"));
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return url.ends_with(ending); });
}

bool downloads_latest(std::span<const shell::Word> words) {
  const std::string_view program = shell::program_of(words);
  if (program != "curl" && program != "wget") return false;
  return std::ranges::any_of(words, [](const shell::Word& word) {
    const bool url = word.text.starts_with("http://") || word.text.starts_with("https://");
    if (is_key(word.text)) return false;
    return url && (word.text.find("/latest/") != std::string_view::npos ||
                   word.text.find("/latest.") != std::string_view::npos || word.text.ends_with("/latest") ||
                   word.text.find("-latest.") != std::string_view::npos ||
                   word.text.find("/archive/master.") != std::string_view::npos ||
                   word.text.find("/archive/main.") != std::string_view::npos ||
                   word.text.find("/archive/refs/heads/") != std::string_view::npos ||
                   word.text.find("/master.zip") != std::string_view::npos ||
                   word.text.find("/main.zip") != std::string_view::npos);
  });
}

// pip install git+https://…, with no @ after the host.
bool installs_branch(std::span<const shell::Word> words) {
  if (!shell::program_of(words).starts_with("pip") || !shell::has_word(words, "install")) return false;
  return std::ranges::any_of(words, [](const shell::Word& word) {
    const size_t host = word.text.find("://");
    return word.text.starts_with("git+") && host != std::string_view::npos &&
           word.text.find('@', word.text.find('/', host + 3)) == std::string_view::npos;
  });
}

// Whether some RUN goes to a commit: a clone may be one RUN, and the checkout the next.
bool checks_out_somewhere(lint::Dockerfile& dockerfile) {
  struct ChecksOut {
    bool value;
  };
  const auto goes_to_commit = [](const shell::Command& command) {
    const auto words = shell::invocation(command);
    return shell::program_of(words) == "git" &&
           (shell::has_word(words, "checkout") || shell::has_word(words, "reset"));
  };
  return dockerfile
      .shared<ChecksOut>([&] {
        return ChecksOut{std::ranges::any_of(dockerfile.runs(), [&](const lint::Run& run) {
          return std::ranges::any_of(run.commands, goes_to_commit);
        })};
      })
      .value;
}

using ShellWords = std::span<const shell::Word>;

bool has_any_word(ShellWords words, std::initializer_list<std::string_view> wanted) {
  return std::ranges::any_of(wanted, [&](std::string_view word) { return shell::has_word(words, word); });
}

// Whether a command brings what is installed, by the system or by a language, to the newest versions.
bool upgrades(ShellWords words) {
  const std::string_view program = shell::program_of(words);
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, program) != names.end();
  };
  if (is_one_of({"unattended-upgrade", "unattended-upgrades"})) return true;
  if (program != "pacman" && text::is_one_of(program, system_package_managers())) {
    // `update` of these two fetches the lists alone.
    const bool lists_only = is_one_of({"apt", "apt-get", "aptitude", "apk"});
    if (has_any_word(words, {"--upgrade", "--available"}) ||
        (program == "apk" && has_any_word(words, {"-u", "-Uu", "-uU", "-a"})))
      return true;
    // There are packages that are called `patch` or `upgrade`.
    if (has_any_word(words, {"install", "add", "in", "remove", "search"})) return false;
    return has_any_word(words, {"upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade", "upgrade-minimal",
                                "update-minimal", "distro-sync", "dsync", "dup", "up", "patch"}) ||
           (!lists_only && shell::has_word(words, "update"));
  }
  const auto is_upgrading_sync = [](const shell::Word& word) {
    return word.text.starts_with("-S") && word.text.find('u') != std::string_view::npos;
  };
  if (is_one_of({"pacman", "yay", "paru"})) return std::ranges::any_of(words, is_upgrading_sync);
  if (program.starts_with("pip") || program.starts_with("python") || program == "uv")
    return has_any_word(words, {"-U", "--upgrade"});
  if (is_one_of({"npm", "yarn", "pnpm", "bun", "gem", "bundle", "cargo", "rustup", "composer", "brew",
                 "conda", "mamba", "poetry"}))
    return has_any_word(words, {"update", "upgrade", "self-update"});
  return false;
}

// Whether a command names the newest version of something: `npm install -g npm@latest`.
bool names_latest(ShellWords words) {
  return std::ranges::any_of(words, [](const shell::Word& word) {
    return word.text.ends_with("@latest") || word.text.ends_with("@next") || word.text.ends_with(":latest") ||
           word.text.ends_with("/latest") || word.text.find("/latest/") != std::string_view::npos;
  });
}

// Whether what a command downloads is run as it comes: `curl -sSf https://sh.rustup.rs | sh`.
bool is_run_from_network(const lint::Run& run, const shell::Command& command) {
  const std::string_view program = shell::program_of(shell::invocation(command));
  if (&command == run.commands.data() || command.connector != shell::Connector::kPipe) return false;
  const bool is_shell = program == "sh" || program == "bash" || program.starts_with("python");
  const std::string_view source = shell::program_of(shell::invocation(*(&command - 1)));
  return is_shell && (source == "curl" || source == "wget");
}

// What the clock, chance or the list of vulnerabilities of today decides.
bool depends_on_day(const shell::Command& command) {
  const ShellWords words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  constexpr std::string_view kPrograms[] = {"date",       "uuidgen", "shuf",        "mcookie",
                                            "ssh-keygen", "pwgen",   "dbus-uuidgen"};
  if (std::ranges::find(kPrograms, program) != std::end(kPrograms)) return true;
  if (program == "openssl")
    return has_any_word(words, {"rand", "req", "genrsa", "genpkey", "dhparam", "ecparam"});
  constexpr std::string_view kAuditing[] = {"npm", "yarn", "pnpm", "bun", "bundle", "composer", "cargo"};
  if (std::ranges::find(kAuditing, program) != std::end(kAuditing) && shell::has_word(words, "audit"))
    return true;
  const auto is_random = [](const shell::Word& word) {
    return word.text.find("/dev/urandom") != std::string_view::npos ||
           word.text.find("/dev/random") != std::string_view::npos ||
           word.text.find("/random/uuid") != std::string_view::npos ||
           (!word.literal && word.text.find("$RANDOM") != std::string_view::npos) ||
           (!word.literal && word.text.find("$EPOCH") != std::string_view::npos);
  };
  return std::ranges::any_of(words, is_random) || std::ranges::any_of(command.assignments, is_random) ||
         std::ranges::any_of(command.redirections, [&](const shell::Redirection& redirection) {
           return is_random(redirection.target);
         });
}

bool moves(const lint::Run& run, const shell::Command& command) {
  const ShellWords words = shell::invocation(command);
  return upgrades(words) || names_latest(words) || downloads_latest(words) || clones_branch(words) ||
         is_run_from_network(run, command);
}

}  // namespace

std::vector<MovingDownload> moving_downloads(lint::Dockerfile& dockerfile, const lint::Run& run) {
  const bool checks_out = checks_out_somewhere(dockerfile);
  const bool verifies = calls_any(invocations_of(run), {"sha256sum", "sha512sum", "sha1sum", "md5sum",
                                                        "shasum", "gpg", "gpgv", "cosign", "minisign"});
  std::vector<MovingDownload> found;
  for (const shell::Command& command : run.commands) {
    if (is_conditional(run, command)) continue;
    const auto words = shell::invocation(command);
    using Kind = MovingDownload::Kind;
    if (!checks_out && clones_branch(words)) found.push_back({&command, Kind::kClone});
    if (!verifies && downloads_latest(words)) found.push_back({&command, Kind::kLatest});
    if (installs_branch(words)) found.push_back({&command, Kind::kPackage});
  }
  return found;
}

bool has_moving_result(lint::Dockerfile& dockerfile, const lint::Run& run, const shell::Command& command) {
  return moves(run, command) || depends_on_day(command) ||
         std::ranges::any_of(moving_downloads(dockerfile, run),
                             [&](const MovingDownload& one) { return one.command == &command; });
}

bool has_moving_result(lint::Dockerfile& dockerfile, const lint::Run& run) {
  return !lists_left_for_later(dockerfile, run).empty() ||
         std::ranges::any_of(run.commands, [&](const shell::Command& command) {
           return has_moving_result(dockerfile, run, command);
         });
}

bool upgrades_packages(const shell::Command& command) {
  return upgrades(shell::invocation(command));
}

const lint::Run* find_moving_result(lint::Dockerfile& dockerfile) {
  const auto found = std::ranges::find_if(
      dockerfile.runs(), [&](const lint::Run& run) { return has_moving_result(dockerfile, run); });
  return found == dockerfile.runs().end() ? nullptr : &*found;
}

}  // namespace dcache::rules
