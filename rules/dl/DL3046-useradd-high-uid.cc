#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostDigits = 5;

bool is_high(std::string_view uid) {
  return uid.size() > kMostDigits && uid.find_first_not_of("0123456789") == std::string_view::npos;
}

bool has_high_uid(const Call& call) {
  const std::span<const shell::Word> words = call.arguments();
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i].text;
    const bool next =
        word == "--uid" || (word.size() > 1 && word[0] == '-' && word[1] != '-' && word.back() == 'u');
    if (next && i + 1 < words.size() &&
        (is_high(words[i + 1].text) || (word != "--uid" && words[i + 1].text.starts_with('$'))))
      return true;
    if (word.starts_with("--uid=") && is_high(word.substr(word.find('=') + 1))) return true;
  }
  return false;
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  report_first(calls_of(subject, "useradd"), reporter, [](const Call& call) -> std::optional<Complaint> {
    if (call.has_option({"l", "no-log-init"}) || !has_high_uid(call)) return std::nullopt;
    return Complaint{"a high user number makes the log of logins a huge file in the layer",
                     "write useradd -l"};
  });
}

}  // namespace

lint::Rule DL3046() {
  return {.code = "DL3046",
          .name = "useradd-high-uid",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`useradd` with a high user number makes a huge sparse file",
          .rationale =
              "`useradd` notes each user in `/var/log/lastlog` and `/var/log/faillog`, at a place that is "
              "their number: with a high one these files seem to be gigabytes long. Layers store the holes "
              "as zeros. `-l` leaves the user out of them. A number from a variable may be a high one.",
          .bad = {"FROM debian:12\n"
                  "RUN useradd -u 123456 app\n"},
          .good = {"FROM debian:12\n"
                   "RUN useradd -l -u 123456 app\n"},
          .check = check};
}

}  // namespace dcache::rules
