#include "dcache/plan/mode_change.h"

#include <algorithm>
#include <charconv>

namespace dcache::plan {
namespace {

constexpr uint32_t kAll = 07777;
constexpr uint32_t kPermissions = 0777;
constexpr uint32_t kSetId = 06000;
constexpr uint32_t kSticky = 01000;
constexpr uint32_t kRead = 0444, kWrite = 0222, kExecute = 0111;
constexpr unsigned kUserShift = 6, kGroupShift = 3;

uint32_t bits_of_who(char who) {
  switch (who) {
    case 'u':
      return 04700;
    case 'g':
      return 02070;
    case 'o':
      return 0007;
    default:
      return kSetId | kPermissions;
  }
}

unsigned shift_of_who(char who) {
  return who == 'u' ? kUserShift : who == 'g' ? kGroupShift : 0;
}

}  // namespace

std::optional<ModeChange> ModeChange::parse(std::string_view text) {
  ModeChange change;
  if (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    uint32_t mode = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (failure != std::errc() || end != text.data() + text.size() || mode > kAll) return std::nullopt;
    change.commands_ = {{.kind = Command::Kind::kClear, .bits = kAll}, {.bits = mode}};
    return change;
  }
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    if (!change.add_clause(text.substr(0, comma))) return std::nullopt;
    if (comma == text.size()) return change;
    text.remove_prefix(comma + 1);
  }
}

// One of the clauses between commas, such as `u=rwX` or `go-w+X`.
bool ModeChange::add_clause(std::string_view clause) {
  uint32_t who = 0;
  while (!clause.empty() && std::string_view("augo").find(clause.front()) != std::string_view::npos) {
    who |= bits_of_who(clause.front());
    clause.remove_prefix(1);
  }
  if (clause.empty()) return false;
  while (!clause.empty()) {
    const char action = clause.front();
    if (action != '+' && action != '-' && action != '=') return false;
    clause.remove_prefix(1);
    // A `=` clears what its letters do not set.
    bool cleared = action != '=';
    uint32_t bits = 0, executable = 0;
    const auto flush = [&] {
      if (bits != 0) add(action, who, bits);
      if (executable != 0)
        commands_.push_back(
            {.kind = Command::Kind::kSetIfExecutable, .bits = executable & (who ? who : kAll)});
      bits = executable = 0;
    };
    for (; !clause.empty() && std::string_view("+-=").find(clause.front()) == std::string_view::npos;
         clause.remove_prefix(1)) {
      const bool others_alone = who != 0 && (who & ~uint32_t{0007}) == 0;
      switch (const char letter = clause.front()) {
        case 'r':
          bits |= kRead;
          break;
        case 'w':
          bits |= kWrite;
          break;
        case 'x':
          bits |= kExecute;
          break;
        case 'X':
          (action == '-' ? bits : executable) |= kExecute;
          break;
        case 's':
          if (!others_alone) bits |= kSetId;
          break;
        case 't':
          if (others_alone) break;
          who |= kSticky;
          bits |= kSticky;
          break;
        case 'u':
        case 'g':
        case 'o': {
          if (bits != 0) cleared = true;
          flush();
          const uint32_t allowed = (who ? who : kAll) & kPermissions;
          commands_.push_back({.kind = Command::Kind::kCopy,
                               .bits = allowed,
                               .from = shift_of_who(letter),
                               .action = action});
          cleared = true;
          break;
        }
        default:
          return false;
      }
    }
    if (bits == 0 && !cleared) add(action, who, 0);
    flush();
  }
  return true;
}

void ModeChange::add(char action, uint32_t who, uint32_t bits) {
  if (action == '=')
    commands_.push_back({.kind = Command::Kind::kClear, .bits = who ? who : kSetId | kPermissions});
  const auto kind = action == '-' ? Command::Kind::kClear : Command::Kind::kSet;
  commands_.push_back({.kind = kind, .bits = bits & (who ? who : kAll)});
}

uint32_t ModeChange::apply(uint32_t mode, bool is_folder) const {
  uint32_t result = mode;
  for (const Command& command : commands_) {
    switch (command.kind) {
      case Command::Kind::kClear:
        result &= ~command.bits;
        break;
      case Command::Kind::kSet:
        result |= command.bits;
        break;
      case Command::Kind::kSetIfExecutable:
        if (is_folder || (mode & kExecute) != 0) result |= command.bits;
        break;
      case Command::Kind::kCopy: {
        const uint32_t three = (result >> command.from) & 07;
        const uint32_t everywhere = three | three << kGroupShift | three << kUserShift;
        if (command.action == '=') result &= ~command.bits;
        if (command.action == '-')
          result &= ~(everywhere & command.bits);
        else
          result |= everywhere & command.bits;
        break;
      }
    }
  }
  return result;
}

}  // namespace dcache::plan
