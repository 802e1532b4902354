#include "rules/invocations.h"

#include <algorithm>

namespace dcache::rules {
namespace {

bool is_option_word(std::string_view word, std::string_view name) {
  if (name.size() == 1) {
    const bool letters = word.size() > 1 && word[0] == '-' && word[1] != '-';
    return letters && word.substr(0, word.find('=')).find(name) != std::string_view::npos;
  }
  return word.starts_with("--") && word.substr(2, word.find('=') - 2) == name;
}

}  // namespace

bool Invocation::has_option(std::initializer_list<std::string_view> names) const {
  return std::ranges::any_of(arguments(), [&](const shell::Word& word) {
    return std::ranges::any_of(names, [&](std::string_view name) { return is_option_word(word.text, name); });
  });
}

std::span<const Invocation> all_invocations(lint::Dockerfile& dockerfile) {
  struct AllInvocations {
    std::vector<Invocation> invocations;
  };
  return dockerfile
      .shared<AllInvocations>([&] {
        AllInvocations all;
        for (const lint::Run& run : dockerfile.runs()) {
          for (const shell::Command& command : run.commands) {
            const std::span<const shell::Word> words = shell::invocation(command);
            if (!words.empty()) all.invocations.push_back({&run, &command, words, shell::program_of(words)});
          }
        }
        std::ranges::stable_sort(all.invocations, {}, &Invocation::program);
        return all;
      })
      .invocations;
}

std::span<const Invocation> invocations_of(lint::Dockerfile& dockerfile, std::string_view program) {
  return std::ranges::equal_range(all_invocations(dockerfile), program, {}, &Invocation::program);
}

std::string_view short_form(const shell::Command& command) {
  constexpr size_t kLongest = 60;
  const std::string_view spelling = command.spelling;
  const bool is_short =
      !spelling.empty() && spelling.size() <= kLongest && spelling.find('\n') == std::string_view::npos;
  return is_short ? spelling : shell::program_of(shell::invocation(command));
}

}  // namespace dcache::rules
