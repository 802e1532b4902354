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

bool write_output(const std::string& path, std::string_view content, text::Durability durability) {
  std::fflush(stdout);  // the file may be /dev/stdout
  const std::string failure = text::write_file(path, content, durability);
  if (!failure.empty()) complain(failure);
  return failure.empty();
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1 && std::getenv("CI") == nullptr) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::show(std::string_view text) {
  constexpr auto kPatience = std::chrono::milliseconds(500);
  if (!terminal_ || std::chrono::steady_clock::now() - started_ < kPatience) return;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(text.size()), text.data());
  std::fflush(stderr);
  shown_ = true;
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
