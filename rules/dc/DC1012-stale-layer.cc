#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/package_lists.h"

namespace dcache::rules::DC1012 {
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
  return std::ranges::any_of(dockerfile.runs(), [](const lint::Run& run) {
    return std::ranges::any_of(run.commands, [](const shell::Command& command) {
      const auto words = shell::invocation(command);
      return shell::program_of(words) == "git" &&
             (shell::has_word(words, "checkout") || shell::has_word(words, "reset"));
    });
  });
}

void look_at_lists(lint::Dockerfile& dockerfile, const lint::Run& run, lint::Reporter& reporter) {
  for (const LeftLists& lists : lists_left_for_later(dockerfile, run)) {
    if (!lists.is_used) {
      reporter.report(run.instruction->span, "this RUN fetches package lists that no install uses",
                      fmt::format("remove {} update", lists.program));
      continue;
    }
    reporter.report(run.instruction->span,
                    lists.used_by == nullptr
                        ? "the package lists in this layer are never updated: a later install uses them, "
                          "however old they are"
                        : fmt::format("the package lists in this layer are never updated: the install in "
                                      "line {} uses them, however old they are",
                                      lists.used_by->instruction->start_line),
                    std::string(lists.remedy));
  }
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool checks_out = checks_out_somewhere(dockerfile);
  for (const lint::Run& run : dockerfile.runs()) {
    const Invocations all = invocations_of(run);
    const bool verifies = calls_any(
        all, {"sha256sum", "sha512sum", "sha1sum", "md5sum", "shasum", "gpg", "gpgv", "cosign", "minisign"});
    look_at_lists(dockerfile, run, reporter);
    for (const shell::Command& command : run.commands) {
      if (is_conditional(run, command)) continue;
      const auto words = shell::invocation(command);
      const text::Span span = run.span_of(command.spelling);
      if (!checks_out && clones_branch(words))
        reporter.report(span, "the branch changes, but this layer is cached and keeps the old commit",
                        "name a tag with --branch, or check out a commit");
      if (!verifies && downloads_latest(words))
        reporter.report(span, "the latest version changes, but this layer is cached and keeps the old one",
                        "name a version, or verify the download's checksum");
      if (installs_branch(words))
        reporter.report(span, "the branch changes, but this layer is cached and keeps the old commit",
                        "add @TAG or @COMMIT after the address");
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/best-practices/#apt-get",
                                            "https://docs.docker.com/build/cache/invalidation/"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1012",
          .name = "stale-layer",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .summary = "A RUN downloads something that changes, and the cache keeps the old result",
          .rationale =
              "A RUN is reused as long as its text and the steps before it are the same, whatever changes on "
              "the network. `apt-get update` in a RUN of its own makes a layer of old lists. A later "
              "`apt-get install` uses them until it fails. A clone of a branch or a download of `latest` "
              "stays what it was when it was first built, on some machines longer than on others. Run update "
              "and install in one RUN, and name a commit, a version or a checksum. Keys that verify "
              "signatures are not reported, nor are commands that run only if a test in the RUN succeeds.",
          .bad = {"FROM debian:12\n"
                  "RUN apt-get update\n"
                  "RUN apt-get install -y curl\n"},
          .good = {"FROM debian:12\n"
                   "RUN apt-get update && apt-get install -y curl\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1012
