// What the program prints, and to whom.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "dcache/text/write_file.h"

namespace dcache::cli {

// What comes from a repository may contain control characters and what CI systems take for commands in their
// logs. It reaches standard output and standard error only through these functions.

// Writes `out` to standard output as report::printable_lines gives it, and empties it.
void print_and_clear(std::string& out);

// The same without any change, for a report that is made of such commands.
void print_exactly_and_clear(std::string& out);

// A diff or a fixed file, without colours: as it is for a program or a file, as print_and_clear on a terminal
// and through a pipe in CI, which is the log of the job.
void print_file_and_clear(std::string& out);

// One line on standard error, after the program's name.
void complain(std::string_view message);

// Whether a file or a folder that an option names may be written. False, with a word on standard error, if a
// link in a repository leads out of it.
bool may_write(const std::string& path);

// Writes a file that an option names (text/write_file.h) if it may be. False, with a word on standard error,
// if that fails.
bool write_output(const std::string& path, std::string_view content,
                  text::Durability durability = text::Durability::kSynced);

// Shows how far long work has come: one line on standard error that is written over, if that is a terminal,
// from half a second on. Gone when this object is.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::string_view text);

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  bool terminal_ = false;
  bool shown_ = false;
};

// What --color says; by default colours are shown on a terminal, unless NO_COLOR forbids them.
enum class Colour { kAuto, kAlways, kNever };
void set_colour(Colour colour);
bool use_colour();

}  // namespace dcache::cli
