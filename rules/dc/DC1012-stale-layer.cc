#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules {
namespace {

// What a RUN calls, through sudo and the like.
using Invocations = std::vector<std::span<const shell::Word>>;
using Names = std::span<const std::string_view>;

bool calls(const Invocations& all, std::initializer_list<std::string_view> programs) {
  return std::ranges::any_of(all, [&](const auto& words) {
    return std::ranges::find(programs, shell::program_of(words)) != programs.end();
  });
}

// A package manager that installs by lists which another of its commands has fetched.
struct ListUser {
  Names programs;
  Names caches;            // folders that hold the lists; in a mount they are not those of the layer
  Names installs;          // commands that read the lists to add packages
  Names fresh;             // options with which an install fetches lists itself
  std::string_view lists;  // the folder
  std::string_view remedy;
};
constexpr std::string_view kApt[] = {"apt-get", "apt", "aptitude"};
constexpr std::string_view kAptInstalls[] = {"install", "build-dep", "satisfy", "source", "download"};
constexpr std::string_view kApk[] = {"apk"};
constexpr std::string_view kApkInstalls[] = {"add"};
constexpr std::string_view kApkFresh[] = {"--no-cache", "-U", "--update", "--update-cache"};
constexpr std::string_view kAptCaches[] = {"/var/lib/apt/lists"};
constexpr std::string_view kApkCaches[] = {"/var/cache/apk", "/etc/apk/cache"};
constexpr std::string_view kUpgrades[] = {"upgrade", "dist-upgrade", "full-upgrade"};
constexpr ListUser kListUsers[] = {{kApt,
                                    kAptCaches,
                                    kAptInstalls,
                                    {},
                                    "/var/lib/apt/lists",
                                    "update in the RUN that installs: apt-get update && apt-get install …"},
                                   {kApk, kApkCaches, kApkInstalls, kApkFresh, "/var/cache/apk",
                                    "write apk add --no-cache …, which fetches the index itself"}};

bool has_any(std::span<const shell::Word> words, Names wanted) {
  return std::ranges::any_of(wanted, [&](std::string_view word) { return shell::has_word(words, word); });
}

// What a RUN does with the lists of a package manager.
struct ListUse {
  bool updates = false;
  bool upgrades = false;
  bool installs = false;
  bool removes = false;  // so that a later install has to update
  bool unknown = false;  // a script may install
};

ListUse list_use(const ListUser& user, const lint::Run& run, const Invocations& all) {
  ListUse use;
  for (const auto& words : all) {
    const std::string_view program = shell::program_of(words);
    if (std::ranges::find(user.programs, program) != user.programs.end()) {
      const bool installs = has_any(words, user.installs);
      use.installs = use.installs || installs;
      use.updates =
          use.updates || shell::has_word(words, "update") || (installs && has_any(words, user.fresh));
      use.upgrades = use.upgrades || has_any(words, kUpgrades);
    }
    use.removes = use.removes || (program == "rm" && std::ranges::any_of(words, [&](const shell::Word& word) {
                                    return word.text.starts_with(user.lists);
                                  }));
  }
  if (keeps_out_of_layer(run, user.caches)) {
    use.removes = true;
    use.updates = use.updates || use.installs;
  }
  use.unknown = calls(all, {"bash", "sh", "make", "gdebi", "mk-build-deps"});
  return use;
}

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

bool downloads_latest(std::span<const shell::Word> words) {
  const std::string_view program = shell::program_of(words);
  if (program != "curl" && program != "wget") return false;
  return std::ranges::any_of(words, [](const shell::Word& word) {
    const bool url = word.text.starts_with("http://") || word.text.starts_with("https://");
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

// pip install git+https://…, with no @ behind the host.
bool installs_branch(std::span<const shell::Word> words) {
  if (!shell::program_of(words).starts_with("pip") || !shell::has_word(words, "install")) return false;
  return std::ranges::any_of(words, [](const shell::Word& word) {
    const size_t host = word.text.find("://");
    return word.text.starts_with("git+") && host != std::string_view::npos &&
           word.text.find('@', word.text.find('/', host + 3)) == std::string_view::npos;
  });
}

// Whether some RUN goes to a commit: a clone may be one RUN, and the checkout the next.
bool checks_out_somewhere(lint::Subject& subject) {
  return std::ranges::any_of(subject.runs(), [](const lint::Run& run) {
    return std::ranges::any_of(run.commands, [](const shell::Command& command) {
      const auto words = shell::invocation(command);
      return shell::program_of(words) == "git" &&
             (shell::has_word(words, "checkout") || shell::has_word(words, "reset"));
    });
  });
}

Invocations invocations_of(const lint::Run& run) {
  Invocations all;
  for (const shell::Command& command : run.commands)
    all.push_back(shell::invocation(command));
  return all;
}

// What later RUNs of the stage, and of stages that start from it, do with the lists that a RUN has fetched.
struct LaterInstalls {
  const lint::Run* by_old_lists = nullptr;  // the first that does not update
  bool any = false;
};
LaterInstalls later_installs(lint::Subject& subject, const ListUser& user, const lint::Run& run) {
  const plan::Graph& graph = subject.graph();
  LaterInstalls later;
  if (!run.step) return later;
  for (const lint::Run& other : subject.runs()) {
    if (!other.step || *other.step <= *run.step ||
        !graph.starts_from(graph.steps[*other.step].stage, graph.steps[*run.step].stage))
      continue;
    const ListUse use = list_use(user, other, invocations_of(other));
    later.any = later.any || use.installs;
    if (use.installs && !use.updates && later.by_old_lists == nullptr) later.by_old_lists = &other;
  }
  return later;
}

void look_at_lists(lint::Subject& subject, const lint::Run& run, const Invocations& all,
                   lint::Reporter& reporter) {
  for (const ListUser& user : kListUsers) {
    const ListUse use = list_use(user, run, all);
    if (!use.updates || use.installs || use.removes || use.unknown) continue;
    const LaterInstalls later = later_installs(subject, user, run);
    // An upgrade is a use of its own, and installs that update themselves don't need these lists.
    if (later.by_old_lists == nullptr && (use.upgrades || later.any)) continue;
    reporter.report(run.instruction->span,
                    later.by_old_lists == nullptr
                        ? "the package lists stay as they are when this layer is built: a later install uses "
                          "them, however old they are"
                        : fmt::format("the package lists stay as they are when this layer is built: the "
                                      "install of line {} uses them, however old they are",
                                      later.by_old_lists->instruction->start_line),
                    std::string(user.remedy));
  }
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const bool checks_out = checks_out_somewhere(subject);
  for (const lint::Run& run : subject.runs()) {
    const Invocations all = invocations_of(run);
    const bool verifies = calls(
        all, {"sha256sum", "sha512sum", "sha1sum", "md5sum", "shasum", "gpg", "gpgv", "cosign", "minisign"});
    look_at_lists(subject, run, all, reporter);
    for (const shell::Command& command : run.commands) {
      const auto words = shell::invocation(command);
      const text::Span span = run.span_of(command.spelling);
      if (!checks_out && clones_branch(words))
        reporter.report(span,
                        "the branch moves on, and this layer stays at what it was when it was first built",
                        "name a tag with --branch, or check a commit out");
      if (!verifies && downloads_latest(words))
        reporter.report(span,
                        "what is latest changes, and this layer stays at what it was when it was first built",
                        "name a version, or check the download's checksum");
      if (installs_branch(words))
        reporter.report(span,
                        "the branch moves on, and this layer stays at what it was when it was first built",
                        "put @TAG or @COMMIT after the address");
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/best-practices/#apt-get",
                                            "https://docs.docker.com/build/cache/invalidation/"};

}  // namespace

lint::Rule DC1012() {
  return {.code = "DC1012",
          .name = "stale-layer",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .summary = "The result of a RUN depends on the outside world, and is then cached for ever",
          .rationale =
              "A RUN is reused as long as its text and the steps before it are the same, whatever happens on "
              "the network. `apt-get update` on its own is a layer of old lists that a later `apt-get "
              "install` works with until it fails; a clone of a branch or a download of `latest` stays what "
              "it was on the day somebody first built it, on one machine longer than on another. Update and "
              "install in one RUN; name a commit, a version or a checksum.",
          .bad = {"FROM debian:12\n"
                  "RUN apt-get update\n"
                  "RUN apt-get install -y curl\n"},
          .good = {"FROM debian:12\n"
                   "RUN apt-get update && apt-get install -y curl\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules
