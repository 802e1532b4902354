#include <algorithm>
#include <string>
#include <vector>

#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/hadolint.h"
#include "rules/variables.h"

namespace dcache::rules::DL3046 {
namespace {

constexpr size_t kMostDigits = 5;

bool is_high(std::string_view uid) {
  return uid.size() > kMostDigits && uid.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whether the number that a variable means is high as far as the file tells: by its value, or because an
// ARG without a default leaves it to the build.
bool may_be_high(lint::Dockerfile& dockerfile, const Call& call, std::string_view word) {
  if (!call.run->step) return false;
  const plan::Step& step = dockerfile.graph().steps[*call.run->step];
  const auto& declared = dockerfile.graph().stages[step.stage].declared;
  const std::string known =
      with_known_values(word, step.environment ? &*step.environment : nullptr, dockerfile.file().escape());
  return is_high(known) || (known.starts_with('$') && declared.contains(leading_variable(known)));
}

// The words that are the number of the user.
std::vector<std::string_view> uids_in(const Call& call) {
  std::vector<std::string_view> uids;
  const std::span<const shell::Word> words = call.arguments();
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i].text;
    const bool next =
        word == "--uid" || (word.size() > 1 && word[0] == '-' && word[1] != '-' && word.back() == 'u');
    if (next && i + 1 < words.size()) uids.push_back(words[i + 1].text);
    if (word.starts_with("--uid=")) uids.push_back(word.substr(word.find('=') + 1));
  }
  return uids;
}

// As hadolint has it: a variable counts after `-u`.
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

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3046");
  report_first(calls_of(dockerfile, "useradd"), reporter, [&](const Call& call) -> std::optional<Complaint> {
    if (call.has_option({"l", "no-log-init"})) return std::nullopt;
    const auto is_suspect = [&](std::string_view uid) { return may_be_high(dockerfile, call, uid); };
    if (as_hadolint ? !has_high_uid(call) : std::ranges::none_of(uids_in(call), is_suspect))
      return std::nullopt;
    return Complaint{"a high user ID makes the login log a huge file in the layer", "write useradd -l"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3046",
          .name = "useradd-high-uid",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`useradd` with a high user ID makes a huge sparse file",
          .rationale =
              "`useradd` writes an entry for each user into `/var/log/lastlog` and `/var/log/faillog`, "
              "at a position that depends on the user ID. With a high ID these files seem to be "
              "gigabytes long. Layers store the empty parts as zeros. `-l` does not write these entries. "
              "An ARG without a default may have a high value.\n\nThe profile `hadolint` reports all "
              "variables, also those with a low value.",
          .bad = {"FROM debian:12\n"
                  "RUN useradd -u 123456 app\n"},
          .good = {"FROM debian:12\n"
                   "RUN useradd -l -u 123456 app\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3046
