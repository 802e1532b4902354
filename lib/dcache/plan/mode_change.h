// What --chmod makes of the mode of a file. Internal to the library.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace dcache::plan {

class ModeChange {
 public:
  // Reads an octal mode up to 7777, or one in letters as chmod takes it: `u=rwX,go-w`. Without u, g, o or a,
  // a clause is for all three, whatever the umask. Returns nothing for anything else. Source:
  // https://man.freebsd.org/cgi/man.cgi?query=chmod&sektion=1
  static std::optional<ModeChange> parse(std::string_view text);

  // The mode of a file or folder that had `mode`: permission bits, with set-user-ID, set-group-ID and sticky.
  uint32_t apply(uint32_t mode, bool is_folder) const;

 private:
  struct Command {
    enum class Kind { kClear, kSet, kSetIfExecutable, kCopy };
    Kind kind = Kind::kSet;
    uint32_t bits = 0;  // to clear or to set; for a copy, the permissions that it may change
    unsigned from = 0;  // for a copy: how far left the three bits that it takes are
    char action = '=';  // for a copy: one of + - =
  };

  bool add_clause(std::string_view clause);
  void add(char action, uint32_t who, uint32_t bits);

  std::vector<Command> commands_;
};

}  // namespace dcache::plan
