#include "rules/command_user.h"

#include <span>

#include "rules/package_managers.h"

namespace dcache::rules {
namespace {

using shell::Command;
using shell::Word;

// The user that `sudo` takes from its options.
std::string_view user_of_sudo(std::span<const Word> options) {
  for (size_t i = 0; i < options.size(); ++i) {
    const std::string_view word = options[i].text;
    if (word.starts_with("--user=")) return word.substr(word.find('=') + 1);
    const bool letters = word.starts_with('-') && !word.starts_with("--");
    const size_t u = letters ? word.find('u') : std::string_view::npos;
    if (u == std::string_view::npos) continue;
    if (u + 1 < word.size()) return word.substr(u + 1);
    return i + 1 < options.size() ? options[i + 1].text : std::string_view();
  }
  return "root";
}

// The user that the programs before the one that runs change to, the last of them.
std::optional<CommandUser> changed_user(const Command& command) {
  const std::span<const Word> words = command.words;
  const size_t wrappers = words.size() - shell::invocation(command).size();
  std::optional<CommandUser> user;
  for (size_t i = 0; i + 1 < wrappers; ++i) {
    const std::string_view program = shell::program_of(words.subspan(i));
    if (program == "gosu" || program == "su-exec") user = {words[i + 1].text, true};
  }
  if (wrappers > 0 && !user && command.program() == "sudo")
    user = {user_of_sudo(words.subspan(1, wrappers - 1)), false};
  return user;
}

// The command with the `sh -c` whose text contains the command; null if none does.
const Command* holder_of(const lint::Run& run, const Command& command) {
  const Command* at = &command;
  while (at != run.commands.data()) {
    --at;
    if (at->depth < command.depth && shell::inner_script(shell::invocation(*at))) return at;
  }
  return nullptr;
}

}  // namespace

std::optional<CommandUser> other_user(const plan::Step& step, const lint::Run& run, const Command& command) {
  auto user = changed_user(command);
  const Command* holder = command.quoted ? holder_of(run, command) : nullptr;
  while (!user && holder != nullptr) {
    user = changed_user(*holder);
    holder = holder->quoted ? holder_of(run, *holder) : nullptr;
  }
  if (!user) return std::nullopt;
  const Owner owner = owner_of(step);
  const Owner other = read_owner(user->name);
  const bool same = owner.is_root() ? other.is_root() : owner.user == other.user;
  return same ? std::nullopt : user;
}

}  // namespace dcache::rules
