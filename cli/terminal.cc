#include "cli/terminal.h"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace dcache::cli {

void print_and_clear(std::string& out) {
  std::fwrite(out.data(), 1, out.size(), stdout);
  out.clear();
}

void complain(std::string_view message) {
  std::fprintf(stderr, "dcache: %.*s\n", static_cast<int>(message.size()), message.data());
}

namespace {
Colour chosen_colour = Colour::kAuto;
}  // namespace

void set_colour(Colour colour) {
  chosen_colour = colour;
}

bool use_colour() {
  if (chosen_colour != Colour::kAuto) return chosen_colour == Colour::kAlways;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
  return ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace dcache::cli
