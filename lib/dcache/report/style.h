// Colours of text output.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dcache::report {

enum class Tone { kPlain, kBold, kDim, kGood, kBad, kWarn, kInfo };

// What is before a step.
struct Mark {
  std::string_view sign;
  Tone tone;
};

// Wraps text in escape sequences where colours are on; otherwise gives it as it is.
class Style {
 public:
  explicit Style(bool colour) : colour_(colour) {}
  std::string paint(Tone tone, std::string_view text) const;
  void append(Tone tone, std::string_view text, std::string& out) const;

 private:
  bool colour_;
};

// `text` without control characters, so that a file can't drive the terminal; line ends become spaces. What
// changes the direction of text is shown as in JSON: `\u202e`.
std::string printable(std::string_view text);
void append_printable(std::string_view text, std::string& out);
// The same, cut to `width` characters with an ellipsis.
std::string shortened(std::string_view text, size_t width);
// The same for an instruction: the blanks that indented continuation lines leave are one.
std::string shortened_step(std::string_view instruction, size_t width);

// "512 B", "1.5 MB": powers of a thousand.
std::string bytes_words(uint64_t bytes);

}  // namespace dcache::report
