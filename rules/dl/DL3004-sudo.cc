#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/hadolint.h"

namespace dcache::rules::DL3004 {
namespace {

// The user that sudo's own options name; empty for the default, root.
// Source: https://www.sudo.ws/docs/man/sudo.man/
std::string_view user_of(const Call& sudo) {
  constexpr std::string_view kLong = "--user";
  constexpr std::string_view kLettersWithValue = "aCcDghpRrTtU";
  const auto words = sudo.arguments();
  for (size_t i = 0; i < words.size() && words[i].text.starts_with('-') && words[i].text != "--"; ++i) {
    std::string_view option = words[i].text;
    const std::string_view next = i + 1 < words.size() ? words[i + 1].text : "";
    if (option == kLong) return next;
    if (option.starts_with("--user=")) return option.substr(kLong.size() + 1);
    if (option.starts_with("--")) continue;
    for (option.remove_prefix(1); !option.empty(); option.remove_prefix(1)) {
      if (option.front() == 'u') return option.size() > 1 ? option.substr(1) : next;
      if (kLettersWithValue.find(option.front()) == std::string_view::npos) continue;
      i += option.size() == 1 ? 1 : 0;
      break;
    }
  }
  return {};
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3004");
  report_first(calls_of(dockerfile, "sudo"), reporter, [&](const Call& call) -> std::optional<Complaint> {
    const std::string_view user = user_of(call);
    const bool other_user = !user.empty() && user != "root" && user != "#0";
    if (other_user && !as_hadolint) return std::nullopt;
    return Complaint{"sudo is not needed in a build",
                     other_user ? "remove it, and write USER above the RUN"
                                : "remove it, and write USER root above the RUN if the user is not root"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3004",
          .name = "sudo",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "`sudo` is used",
          .rationale =
              "Steps run as root unless USER says otherwise, so `sudo` adds nothing. If USER is set, "
              "`sudo` bypasses it, and signals and terminals behave unexpectedly. Switch with USER, and "
              "switch back.\n\n`sudo -u app` gives up root for one command, and USER can do that only "
              "for the whole RUN: the profile `hadolint` reports it, the default profile does not.",
          .bad = {"FROM debian:12\n"
                  "RUN sudo apt-get update\n"},
          .good = {"FROM debian:12\n"
                   "USER root\n"
                   "RUN apt-get update\n"},
          .security_severity = "3.0",
          .check = check};
}

}  // namespace dcache::rules::DL3004
