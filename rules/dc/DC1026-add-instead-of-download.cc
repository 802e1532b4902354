#include <algorithm>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/invocations.h"
#include "rules/stages.h"
#include "rules/syntax_version.h"

namespace dcache::rules::DC1026 {
namespace {

using shell::Connector;

constexpr int kSyntaxOfChecksums = 6;  // and of git addresses

// The address that a call gets something from, if ADD can get it too: https, the same in each run, and with
// nothing that only the program can say.
std::optional<std::string_view> address_of(const Invocation& call) {
  constexpr std::string_view kAsksMore[] = {
      "-H",         "--header", "-u",     "--user",      "-X",
      "--request",  "-d",       "--data", "--post-data", "-b",
      "--cookie",   "--netrc",  "-n",     "--cert",      "--recurse-submodules",
      "--recursive"};
  std::optional<std::string_view> address;
  for (const shell::Word& word : call.arguments()) {
    if (std::ranges::find(kAsksMore, word.text.substr(0, word.text.find('='))) != std::end(kAsksMore))
      return std::nullopt;
    if (!word.text.starts_with("https://")) continue;
    if (address || !word.literal || word.text.find('@') != std::string_view::npos) return std::nullopt;
    address = word.text;
  }
  return address;
}

bool is_archive(std::string_view address) {
  constexpr std::string_view kEndings[] = {".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return address.ends_with(ending); });
}

// Whether the next command unpacks what this one prints.
bool goes_into_tar(const Invocation& call) {
  const auto& commands = call.run->commands;
  const auto next = static_cast<size_t>(call.command - commands.data()) + 1;
  return next < commands.size() && commands[next].connector == Connector::kPipe &&
         shell::program_of(shell::invocation(commands[next])) == "tar";
}

void report(const Invocation& call, std::string message, std::string remedy, lint::Reporter& reporter) {
  reporter.report(call.run->instruction->span, std::move(message), std::move(remedy)).focus =
      call.run->span_of(call.command->spelling);
}

void check_download(const Invocation& call, lint::Reporter& reporter) {
  const auto address = address_of(call);
  if (!address || !(goes_into_tar(call) || is_archive(*address))) return;
  report(call,
         fmt::format("the builder can't verify what {} downloads, or cache it on its own", call.program),
         fmt::format("write ADD --checksum=sha256:SUM --unpack=true {} FOLDER", *address), reporter);
}

// What the commands after a clone make of it.
struct CheckedOut {
  std::string_view revision;  // empty for what was cloned
  bool is_known = true;
};

CheckedOut checked_out_after(std::span<const Invocation> calls, size_t clone) {
  CheckedOut result;
  for (size_t i = clone + 1; i < calls.size() && calls[i].run == calls[clone].run; ++i) {
    const auto words = calls[i].arguments();
    const auto command = std::ranges::find_if(words, [](const shell::Word& word) {
      return word.text == "clone" || word.text == "checkout" || word.text == "switch" || word.text == "reset";
    });
    if (command == words.end()) continue;
    if (command->text == "clone") break;
    // The names of files come after `--`: these are not taken from another revision.
    if (shell::has_word(words, "--")) continue;
    auto revision = command + 1;
    for (; revision != words.end() && revision->text.starts_with('-'); ++revision) {
      // The name of a new branch comes before the revision that it starts from.
      const bool named = revision->text == "-b" || revision->text == "-B" || revision->text == "-c";
      if (named && revision + 1 != words.end()) ++revision;
    }
    if (revision == words.end() || revision->text == ".") continue;
    // Other revisions are only known in the clone: HEAD~2, FETCH_HEAD, a remote of another name.
    std::string_view name = revision->text;
    if (name.starts_with("origin/")) name.remove_prefix(7);
    const bool is_known = revision->literal && name.find_first_of("~^@:") == std::string_view::npos &&
                          name.find("HEAD") == std::string_view::npos;
    result = {name, is_known};
  }
  return result;
}

bool is_commit(std::string_view revision) {
  return (revision.size() == 40 || revision.size() == 64) &&
         revision.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

void check_clone(std::span<const Invocation> calls, size_t at, lint::Reporter& reporter) {
  const Invocation& call = calls[at];
  if (call.arguments().empty() || call.arguments().front().text != "clone") return;
  const auto address = address_of(call);
  if (!address) return;
  std::string_view branch;
  const auto words = call.arguments();
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].text == "-b" || words[i].text == "--branch") branch = words[i + 1].text;
    if (!words[i].literal) return;
  }
  const CheckedOut later = checked_out_after(calls, at);
  if (!later.is_known) return;
  if (!later.revision.empty()) branch = later.revision;
  // An address of HTTP is one of git only if its path says so.
  report(call,
         is_commit(branch)
             ? "the builder can't cache on its own what git gets"
             : "the builder does not see which commit git gets, and does not notice when the branch changes",
         fmt::format("write ADD {}{}{}{} FOLDER, with --keep-git-dir=true if a step reads the history",
                     *address, address->ends_with(".git") ? "" : ".git", branch.empty() ? "" : "#", branch),
         reporter);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (has_syntax_below(dockerfile.file(), kSyntaxOfChecksums)) return;
  for (const std::string_view program : {"curl", "wget"}) {
    for (const Invocation& call : invocations_of(dockerfile, program))
      check_download(call, reporter);
  }
  const std::span<const Invocation> calls = invocations_of(dockerfile, "git");
  for (size_t i = 0; i < calls.size(); ++i)
    check_clone(calls, i, reporter);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#add",
    "https://docs.docker.com/build/building/best-practices/#add-or-copy"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1026",
      .name = "add-instead-of-download",
      .level = lint::Level::kStyle,
      .on_by_default = false,
      .summary = "A RUN downloads an archive or clones a repository that ADD can get",
      .rationale =
          "ADD is a step of its own: it is fetched while other stages run, it is kept when the RUN below it "
          "changes, and `--checksum` stops the build if the file is another one. The image needs neither "
          "`curl` nor `git`. For a git repository the builder asks for the commit of the branch each time, "
          "so that a new commit rebuilds the step. `--unpack` needs Dockerfile syntax 1.17, `--checksum` "
          "and git addresses need 1.6. Addresses and revisions that contain variables are not reported, nor "
          "calls with "
          "headers or logins. The rule is about style, and is off by default.",
      .bad = {"FROM debian:12\n"
              "RUN curl -fsSL https://example.com/tool-1.2.tar.gz | tar -xz -C /opt\n"},
      .good = {"# syntax=docker/dockerfile:1\n"
               "FROM debian:12\n"
               "ADD --checksum=sha256:0123456789012345678901234567890123456789012345678901234567890123 "
               "--unpack=true https://example.com/tool-1.2.tar.gz /opt\n"},
      .references = kReferences,
      .needs_buildkit = true,
      .check = check};
}

}  // namespace dcache::rules::DC1026
