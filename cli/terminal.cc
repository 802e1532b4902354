#include "cli/terminal.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "cli/held_output.h"
#include "dcache/report/printable_lines.h"
#include "dcache/report/style.h"

namespace dcache::cli {

namespace {

// Whether people read standard output, on a terminal or in the log of a CI job.
bool is_shown() {
  struct stat status = {};
  const bool file = ::fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
  const auto is_set = [](const char* name) { return std::getenv(name) != nullptr; };
  return ::isatty(STDOUT_FILENO) == 1 || (!file && (is_set("GITHUB_ACTIONS") || is_set("TF_BUILD")));
}

// On one line; a log command in it starts nothing.
std::string one_line(std::string_view text) {
  return report::printable_lines(report::printable(text));
}

}  // namespace

void print_and_clear(std::string& out) {
  out = report::printable_lines(std::move(out));
  print_exactly_and_clear(out);
}

void print_exactly_and_clear(std::string& out) {
  write_to(Stream::kOut, out);
  out.clear();
}

void print_file_and_clear(std::string& out) {
  constexpr bool kColored = false;
  if (is_shown()) out = report::printable_lines(std::move(out), kColored);
  print_exactly_and_clear(out);
}

void complain(std::string_view message) {
  write_to(Stream::kError, "dcache: " + one_line(message) + "\n");
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
  const std::string line = "\r\033[K" + one_line(text);
  std::fwrite(line.data(), 1, line.size(), stderr);
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
