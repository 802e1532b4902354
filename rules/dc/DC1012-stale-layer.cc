#include <algorithm>
#include <initializer_list>

#include "dcache/lint/rule.h"

namespace dcache::rules {
namespace {

// What a RUN calls, through sudo and the like.
using Invocations = std::vector<std::span<const shell::Word>>;

bool calls(const Invocations& all, std::initializer_list<std::string_view> programs) {
  return std::ranges::any_of(all, [&](const auto& words) {
    return std::ranges::find(programs, shell::program_of(words)) != programs.end();
  });
}

bool updates_lists_alone(const Invocations& all) {
  const auto is_apt = [](const auto& words) {
    return shell::program_of(words) == "apt-get" || shell::program_of(words) == "apt";
  };
  const bool updates = std::ranges::any_of(
      all, [&](const auto& words) { return is_apt(words) && shell::has_word(words, "update"); });
  const bool uses = std::ranges::any_of(all, [&](const auto& words) {
    return (is_apt(words) && !shell::has_word(words, "update")) || shell::program_of(words) == "aptitude" ||
           shell::program_of(words) == "mk-build-deps";
  });
  return updates && !uses && !calls(all, {"bash", "sh", "make", "gdebi"});
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

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const bool checks_out = checks_out_somewhere(subject);
  for (const lint::Run& run : subject.runs()) {
    Invocations all;
    for (const shell::Command& command : run.commands)
      all.push_back(shell::invocation(command));
    const bool verifies = calls(
        all, {"sha256sum", "sha512sum", "sha1sum", "md5sum", "shasum", "gpg", "gpgv", "cosign", "minisign"});
    if (updates_lists_alone(all)) {
      reporter.report(run.instruction->span,
                      "these lists are cached for ever, and a later install goes by them",
                      "update in the RUN that installs: apt-get update && apt-get install …");
    }
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
                        "put @TAG or @COMMIT behind the address");
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
              "A RUN is reused as long as its text and what is below it are the same, whatever happens on "
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
