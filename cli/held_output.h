// What the program prints, held back until somebody has decided whether to show it.
#pragma once

#include <string>
#include <string_view>

namespace dcache::cli {

// While the object exists, what terminal.h writes on standard output and standard error is kept here, in one
// row. What was not shown by then is lost. There is at most one at a time; safe to write from many threads.
class HeldOutput {
 public:
  HeldOutput();
  ~HeldOutput();
  HeldOutput(const HeldOutput&) = delete;
  HeldOutput& operator=(const HeldOutput&) = delete;

  // All that was written so far, on either stream.
  std::string text() const;
  // Writes it where it belongs, and empties it.
  void show();
};

// Writes to standard output or standard error, or into the HeldOutput that exists.
enum class Stream { kOut, kError };
void write_to(Stream stream, std::string_view text);

}  // namespace dcache::cli
